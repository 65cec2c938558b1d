// What keeps a service from starting, as problems that name the key and the fix.
import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Config } from '../config/config.ts'
import { ConfigError, type Problem, problemAt } from '../config/problem.ts'
import type { YamlSource } from '../config/yaml-source.ts'
import { toError } from '../lib/errors.ts'

/** What a configuration asks for that a start refuses: shown by `check` as well. The address holds a password. */
export function unsupportedSettings({ database }: Config, source: Pick<YamlSource, 'place'>): Problem[] {
  if (database === 'sqlite') return []
  const fault = {
    found: 'the address of a PostgreSQL database',
    expected: 'sqlite: this version stores in SQLite alone (PostgreSQL is not built in yet)',
    hint: 'set database: sqlite',
  }
  return [problemAt(source.place(['database']), fault)]
}

/**
 * Makes the folder of the data, level by level: Node's recursive mkdir never returns below /proc.
 * @throws ConfigError naming `data_dir`
 */
export async function makeDataDir(config: Config): Promise<void> {
  const missing: string[] = []
  let folder = resolve(config.dataDir)
  try {
    for (;;) {
      const found = await stat(folder).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return null
        throw error
      })
      if (found && !found.isDirectory()) throw new Error(`${folder} is a file`)
      if (found) break
      missing.unshift(folder)
      folder = dirname(folder)
    }
    for (const level of missing) await mkdir(level, { mode: 0o700 })
  } catch (thrown) {
    throw dataDirProblem(config, thrown)
  }
}

/** A failure to write there as a problem of `data_dir`. */
export function dataDirProblem(config: Config, thrown: unknown): ConfigError {
  return startProblem(
    config,
    'data_dir',
    toError(thrown).message,
    'a folder that this user may create and write',
    'name another folder, or change its owner',
  )
}

/** A failure to listen as a problem of `server`; anything else as it is. */
export function listenProblem(config: Config, thrown: unknown): Error {
  const { code, message } = thrown as NodeJS.ErrnoException
  const { host, port } = config.server
  if (code === 'EADDRINUSE') {
    return startProblem(
      config,
      'server.port',
      `port ${port} of ${host} is taken`,
      'a free port',
      'stop what listens there, or set another port (0: any free one)',
    )
  }
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return startProblem(config, 'server', message, 'an address of this machine that this user may listen on')
  }
  return toError(thrown)
}

function startProblem(
  config: Config,
  key: string,
  found: string,
  expected: string,
  hint: string | null = null,
): ConfigError {
  return new ConfigError([
    { file: config.file ?? 'environment', line: 0, column: 0, key, found, expected, hint },
  ])
}
