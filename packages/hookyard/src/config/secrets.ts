// Which values of a configuration are secrets.
import type { Config } from './config.ts'
import type { Credentials } from './credentials.ts'
import type { Path } from './problem.ts'
import { isSecretPath } from './show.ts'

/** In `agent.env` stand secrets and small words alike; a log without the word `1` would be no log. */
const MIN_ENV_LENGTH = 8

/** All secret values, for the logger to hide wherever they turn up. */
export function secretsOf(config: Config): string[] {
  const { github, telegram, agent } = config
  return distinct([
    ...github.webhookSecrets,
    github.token,
    ...keyLines(github.app?.privateKey),
    config.inbound?.secret,
    telegram.botToken,
    telegram.webhookSecret,
    agent.apiKey,
    ...Object.values(agent.env).filter((value) => value.length >= MIN_ENV_LENGTH),
    ...config.apiTokens.map(({ token }) => token),
    ...config.users.map(({ address }) => secretPart(address)),
    passwordOf(config.database),
    ...secretTexts(config.modules, []),
  ])
}

/** The secrets of a file that may be anything yet. */
export function secretsIn(value: unknown, credentials: Credentials): string[] {
  const { webhookSecrets, token, app, botToken, apiKey } = credentials
  return distinct([
    ...secretTexts(value, []),
    ...webhookSecrets,
    token,
    ...keyLines(app?.privateKey),
    botToken,
    apiKey,
  ])
}

const distinct = (secrets: readonly (string | null | undefined)[]): string[] => [
  ...new Set(secrets.filter((secret) => typeof secret === 'string' && secret !== '').map(String)),
]

/** A key turns up whole, or line by line. */
function keyLines(key: string | undefined): string[] {
  if (key === undefined) return []
  return [key, ...key.split('\n').filter((line) => line.length > 16 && !line.startsWith('-----'))]
}

/** What follows the scheme and host of a web hook's address: whoever knows it can send. */
function secretPart(address: string | null): string | null {
  if (address === null || address.startsWith('telegram:')) return null
  const rest = /https?:\/\/([^/?#]*)[/?#]?(.*)$/s.exec(address)
  return rest?.[2] || (rest?.[1]?.includes('@') ? rest[1] : null) || null
}

function passwordOf(database: string): string | null {
  return /^postgres(?:ql)?:\/\/[^:/?#]*:(.+)@/s.exec(database)?.[1] ?? null
}

/** All texts under keys that hold secrets. */
function secretTexts(value: unknown, path: Path): string[] {
  if (typeof value === 'string') return isSecretPath(path) ? [value] : addressSecrets(value, path)
  if (typeof value !== 'object' || value === null) return []
  return entries(value).flatMap(([part, inner]) => secretTexts(inner, [...path, part]))
}

function addressSecrets(value: string, path: Path): string[] {
  if (path.at(-1) === 'notify') return [secretPart(value) ?? ''].filter(Boolean)
  return path.at(-1) === 'database' ? [passwordOf(value) ?? ''].filter(Boolean) : []
}

function entries(value: object): (readonly [string | number, unknown])[] {
  return Array.isArray(value) ? value.map((inner, index) => [index, inner] as const) : Object.entries(value)
}
