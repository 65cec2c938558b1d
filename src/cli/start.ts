// `hookyard start`: the service in this process, until a signal says stop.
import { resolve } from 'node:path'
import { secretsOf } from '../config/redact.ts'
import { environment } from '../config/env.ts'
import { ConfigError, formatProblems } from '../config/problem.ts'
import { toError } from '../errors.ts'
import type { Log } from '../lib/log.ts'
import { createLogger } from '../lib/logger.ts'
import { type Service, startService } from '../main.ts'
import { type Installation, loadInstallation } from '../registry/load.ts'
import { unbuilt } from '../start-problems.ts'
import { CommandFailure } from './failure.ts'
import { builtinModulesDir } from './project-root.ts'
import { version } from './version.ts'

export interface StartOptions {
  readonly config: string
  readonly role: 'all' | 'ingress' | 'worker'
}

/** Starts and stays. @throws ConfigError, or CommandFailure when the service cannot start. */
export async function runStart(options: StartOptions): Promise<void> {
  const env = environment()
  const load = () =>
    loadInstallation({
      file: resolve(options.config),
      env,
      cwd: process.cwd(),
      builtinModulesDir: builtinModulesDir(),
    })
  const installation = await load()
  const { config } = installation
  if (config.database === 'sqlite' && options.role !== 'all') {
    throw new CommandFailure(
      `--role ${options.role} needs PostgreSQL: SQLite belongs to one process. Leave --role out (PostgreSQL is not built in yet).`,
    )
  }
  const refused = unbuilt(config, installation.source)
  if (refused.length > 0) throw new ConfigError(refused)
  const log = createLogger({ level: config.log.level, format: config.log.format, secrets: secretsOf(config) })
  warnOf(installation, log)
  // The signals are heard from the first moment on: one that comes during the start is obeyed after it.
  let service: Service | null = null
  const asked = stopAsked()
  process.on('SIGHUP', () => void reload())
  service = await startService({ installation, log, version: version() })
  await asked
  await service.stop()

  async function reload(): Promise<void> {
    try {
      const next = await load()
      await service?.reload(next)
      warnOf(next, log)
    } catch (thrown) {
      const error = toError(thrown)
      const why = error instanceof ConfigError ? formatProblems(error.problems) : error.message
      log.error({ problems: why }, 'the new configuration is kept out; the old one stays')
    }
  }
}

/** The configuration works, but perhaps not as its author thinks. */
function warnOf({ warnings }: Installation, log: Log): void {
  for (const warning of warnings) {
    const { file, line, key } = warning
    log.warn({ file, line, key }, formatProblems([warning]))
  }
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
function stopAsked(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false
    const stop = () => {
      if (asked) process.exit(1)
      asked = true
      resolve()
    }
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
  })
}
