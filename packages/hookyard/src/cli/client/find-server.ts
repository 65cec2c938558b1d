// Which server a command means: `--url` or HOOKYARD_URL with HOOKYARD_TOKEN, else the one that runs here.
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { environment } from '../../config/env.ts'
import { readConfig } from '../../config/load-config.ts'
import { asMap } from '../../config/value-path.ts'
import { readServerFile } from '../../compose/server-file.ts'
import { CommandFailure, UsageError } from '../failure.ts'

/** Options of every command that asks the server. */
export interface ServerOptions {
  readonly config: string
  readonly url?: string
}

export interface FoundServer {
  /** Without a slash at its end. */
  readonly url: string
  readonly token: string
  /** How to start it, when it does not answer. */
  readonly fix: string
}

/** Whether a server is named, so that the one of this folder is not meant. */
export const namesServer = (options: { readonly url?: string }): boolean =>
  (options.url ?? environment()['HOOKYARD_URL'] ?? '') !== ''

/** @throws UsageError for a URL that is none; CommandFailure when no server is named and none runs here */
export async function findServer({ config, url: given }: ServerOptions): Promise<FoundServer> {
  const { HOOKYARD_URL, HOOKYARD_TOKEN } = environment()
  const dataDir = dataDirOf(config)
  const here = await readServerFile(dataDir)
  const url = (given ?? HOOKYARD_URL ?? '').replace(/\/+$/, '')
  const token = HOOKYARD_TOKEN ?? ''
  if (url === '') {
    const fix = `start it with \`hookyard start --config ${config}\``
    if (here) return { url: here.url, token: token || here.token, fix }
    throw new CommandFailure(
      `no server runs here (${dataDir} holds no server.json): ${fix}, or name another one with --url and HOOKYARD_TOKEN`,
    )
  }
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new UsageError(`${JSON.stringify(url)} is no address of a server; write http://HOST:PORT`)
  }
  if (token !== '') return { url, token, fix: 'is the address right, and is it up?' }
  if (here?.url === url) return { url, token: here.token, fix: 'is it up?' }
  throw new CommandFailure(`set HOOKYARD_TOKEN to a token of ${url} (api_tokens in its hookyard.yaml)`)
}

/**
 * The data folder that the configuration names, absolute; the default's beside a file that is not there. A client
 * need not have the service's secrets at hand, so a file with problems is good enough.
 */
export function dataDirOf(configFile: string): string {
  const file = resolve(configFile)
  if (!existsSync(file)) return join(dirname(file), 'data')
  const { config, source } = readConfig({ file, env: environment() })
  if (config !== null) return config.dataDir
  const named = asMap(source.value)['data_dir']
  return resolve(dirname(file), typeof named === 'string' && !named.includes('${') ? named : 'data')
}
