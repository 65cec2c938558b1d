// Secrets: from the file, else from the environment by their well-known names. Works on the file's raw value, so
// that its problems are told together with all the others.
import { createPrivateKey } from 'node:crypto'
import { resolve } from 'node:path'
import type { Environment } from './dotenv.ts'
import { problemAt } from './problem.ts'
import type { Fault, Problem } from './problem.ts'
import { readTextFile } from './text-file.ts'
import { asList, asMap, asText } from './value-path.ts'
import type { YamlSource } from './yaml-source.ts'

export interface Credentials {
  readonly webhookSecrets: readonly string[]
  readonly token: string | null
  readonly app: { readonly id: string; readonly privateKey: string } | null
  readonly botToken: string | null
  readonly apiKey: string | null
}

export type FoundCredentials = ReturnType<typeof findCredentials>

interface Search {
  readonly source: YamlSource
  readonly environment: Environment
  /** Folder of the file: relative paths start there. */
  readonly dir: string
  readonly problems: Problem[]
  readonly warnings: Problem[]
}

/** Collects the credentials of a configuration. Reads key files; never throws. */
export function findCredentials(
  value: unknown,
  source: YamlSource,
  environment: Environment,
  dir: string,
): Credentials & Pick<Search, 'problems' | 'warnings'> {
  const search: Search = { source, environment, dir, problems: [], warnings: [] }
  const [github, telegram, agent] = ['github', 'telegram', 'agent'].map((key) => asMap(asMap(value)[key]))
  const secrets = github?.['webhook_secret'] ?? byName(search, 'GITHUB_WEBHOOK_SECRET', 'a webhook secret')
  return {
    webhookSecrets: (Array.isArray(secrets) ? asList(secrets) : [secrets]).flatMap(
      (one) => asText(one) ?? [],
    ),
    ...githubLogin(search, github ?? {}),
    botToken: asText(telegram?.['bot_token'] ?? byName(search, 'TELEGRAM_BOT_TOKEN', 'a bot token')) ?? null,
    apiKey: asText(agent?.['api_key'] ?? anthropicKey(search, agent?.['backend'])) ?? null,
    problems: search.problems,
    warnings: search.warnings,
  }
}

function githubLogin(
  search: Search,
  github: Readonly<Record<string, unknown>>,
): Pick<Credentials, 'token' | 'app'> {
  if (github['token'] !== undefined && github['app'] !== undefined) {
    const [found, hint] = ['a token and an App', 'remove github.token or github.app']
    search.problems.push(
      problemAt(search.source.place(['github', 'app']), { found, expected: 'one of the two', hint }),
    )
  }
  if (github['app'] !== undefined) return { token: null, app: appOfFile(search, asMap(github['app'])) }
  if (github['token'] !== undefined) return { token: asText(github['token']) ?? null, app: null }
  const token = byName(search, 'GITHUB_TOKEN', 'a token') ?? null
  const app = appByName(search, token !== null)
  return { token: app === null ? token : null, app }
}

function appOfFile(search: Search, app: Readonly<Record<string, unknown>>): Credentials['app'] {
  const { id, private_key: key, private_key_file: file } = app
  const place = search.source.place(['github', 'app'])
  if ((key === undefined) === (file === undefined)) {
    const found =
      key === undefined ? 'neither private_key nor private_key_file' : 'private_key and private_key_file'
    search.problems.push(problemAt(place, { found, expected: 'one of the two' }))
    return null
  }
  const keyPath = ['github', 'app', key === undefined ? 'private_key_file' : 'private_key']
  const pem = privateKey(search, search.source.place(keyPath), asText(key), asText(file))
  return pem === null || (typeof id !== 'string' && typeof id !== 'number')
    ? null
    : { id: String(id), privateKey: pem }
}

function appByName(search: Search, hasToken: boolean): Credentials['app'] {
  const id = byName(search, 'GITHUB_APP_ID', 'the App id')
  const key = byName(search, 'GITHUB_APP_PRIVATE_KEY', 'a private key in PEM form')
  const file =
    key === undefined ? byName(search, 'GITHUB_APP_PRIVATE_KEY_FILE', 'the path of a PEM file') : undefined
  if (id === undefined && key === undefined && file === undefined) return null
  const keyName = file === undefined ? 'GITHUB_APP_PRIVATE_KEY' : 'GITHUB_APP_PRIVATE_KEY_FILE'
  if (id !== undefined && (key !== undefined || file !== undefined)) {
    const pem = privateKey(search, search.environment.place(keyName), key, file)
    return pem === null ? null : { id, privateKey: pem }
  }
  const missing = id === undefined ? 'GITHUB_APP_ID' : 'GITHUB_APP_PRIVATE_KEY or GITHUB_APP_PRIVATE_KEY_FILE'
  const place = search.environment.place(id === undefined ? keyName : 'GITHUB_APP_ID')
  const fault = { found: 'half an App', expected: `${missing} too`, hint: `set ${missing}` }
  // With a token the service can work, so the half App is worth a word and no more.
  ;(hasToken ? search.warnings : search.problems).push(problemAt(place, fault))
  return null
}

function privateKey(
  search: Search,
  place: ReturnType<YamlSource['place']>,
  key: string | undefined,
  file: string | undefined,
): string | null {
  const fail = (fault: Fault) => {
    search.problems.push(problemAt(place, fault))
    return null
  }
  let pem = key ?? ''
  if (file !== undefined) {
    const read = readTextFile(resolve(search.dir, file), 'a PEM file')
    if ('problem' in read)
      return fail({ ...read.problem, found: `${resolve(search.dir, file)}: ${read.problem.found}` })
    pem = read.text
  } else if (key === undefined) return null
  // One-line environments carry the line ends as \n.
  if (!pem.trim().includes('\n')) pem = pem.replaceAll(String.raw`\n`, '\n')
  try {
    createPrivateKey(pem)
    return pem
  } catch {
    const hint = 'take the whole .pem file that GitHub gave you, with its BEGIN and END lines'
    return fail({
      found: `text that is no private key (${[...pem].length} characters)`,
      expected: 'a private key in PEM form',
      hint,
    })
  }
}

/** The key of Anthropic is for Anthropic alone. An empty one is how shells say "none". */
function anthropicKey(search: Search, backend: unknown): string | undefined {
  if (backend !== undefined && backend !== 'auto' && backend !== 'anthropic') return undefined
  if (search.environment.variables['ANTHROPIC_API_KEY']?.trim() === '') {
    const fault = {
      found: 'empty text',
      expected: 'an API key, or nothing',
      hint: 'remove the variable, or set it',
    }
    search.warnings.push(problemAt(search.environment.place('ANTHROPIC_API_KEY'), fault))
    return undefined
  }
  return search.environment.variables['ANTHROPIC_API_KEY']
}

function byName(search: Search, name: string, expected: string): string | undefined {
  const value = search.environment.variables[name]
  if (value === undefined) return undefined
  const problem = (fault: Fault) => search.problems.push(problemAt(search.environment.place(name), fault))
  if (value.trim() === '') {
    problem({ found: 'empty text', expected, hint: `set ${name} to its value, or remove it` })
  } else if (/TOKEN$|_ID$/.test(name) && /\s/.test(value)) {
    const found = `white space in it (secret, ${[...value].length} characters)`
    problem({
      found,
      expected: `${expected} without white space`,
      hint: 'copy it again, without spaces and line ends',
    })
  } else return value
  return undefined
}
