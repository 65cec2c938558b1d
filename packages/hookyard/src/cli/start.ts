// `hookyard start`: the service in this process, until a signal says stop.
import { secretsOf } from '../config/secrets.ts'
import { ConfigError, formatProblems } from '../config/problem.ts'
import { toError } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import { createLogger } from '../lib/logger.ts'
import { type Service, startService } from '../compose/main.ts'
import type { Installation } from '../registry/load.ts'
import { unsupportedSettings } from '../compose/start-problems.ts'
import { CommandFailure } from './failure.ts'
import { installationOf } from './installation.ts'
import { version } from './package.ts'

export interface StartOptions {
  readonly config: string
  readonly role: 'all' | 'ingress' | 'worker'
}

/** Starts and stays. @throws ConfigError, or CommandFailure when the service cannot start. */
export async function runStart(options: StartOptions): Promise<void> {
  const load = () => installationOf(options.config)
  const installation = load()
  const { config } = installation
  if (config.database === 'sqlite' && options.role !== 'all') {
    throw new CommandFailure(
      `--role ${options.role} needs PostgreSQL: SQLite belongs to one process. Leave --role out (PostgreSQL is not built in yet).`,
    )
  }
  const refused = unsupportedSettings(config, installation.source)
  if (refused.length > 0) throw new ConfigError(refused)
  const log = createLogger({ level: config.log.level, format: config.log.format, secrets: secretsOf(config) })
  warnOf(installation, log)
  // The signals are heard from the first moment on: one that comes during the start is obeyed after it.
  let service: Service | null = null
  const signals = hearStop()
  const reloadAsked = () => void reload()
  process.on('SIGHUP', reloadAsked)
  try {
    service = await startService({ installation, log, version: version() })
    signals.started()
    await signals.asked
    await service.stop()
  } catch (thrown) {
    // Whatever is open still, the process ends: by its signals, as if it had heard none, and by itself.
    signals.unhear()
    process.off('SIGHUP', reloadAsked)
    setTimeout(() => process.exit(1), LINGER_MS).unref()
    throw thrown
  }

  async function reload(): Promise<void> {
    try {
      const next = load()
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

/** A start that was asked to stop has so long to come to its end, and a failed one to close what is open, in ms. */
const LINGER_MS = 5_000

/** A second signal ends the process at once. */
function hearStop() {
  let timer: NodeJS.Timeout | undefined
  let isStarting = true
  let isAsked = false
  let resolveAsked = (): void => undefined
  // Nothing is lost by that: what was accepted is on disk.
  const giveUp = () => {
    process.stderr.write('hookyard: it was asked to stop while it was starting\n')
    process.exit(1)
  }
  const stop = () => {
    if (isAsked) process.exit(1)
    isAsked = true
    if (isStarting) timer = setTimeout(giveUp, LINGER_MS)
    resolveAsked()
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  return {
    /** Resolves at the first SIGTERM or SIGINT. */
    asked: new Promise<void>((resolve) => (resolveAsked = resolve)),
    /** From now on a stop may take its time. */
    started() {
      isStarting = false
      clearTimeout(timer)
    },
    /** Signals end the process again, as they do by themselves. */
    unhear() {
      clearTimeout(timer)
      process.off('SIGTERM', stop)
      process.off('SIGINT', stop)
    },
  }
}
