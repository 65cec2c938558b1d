// Rules that join several keys. They read the raw value with tolerance, so that they speak also when single
// values are wrong: all problems come at once.
import { IMPLICIT_ADMIN } from './config.ts'
import type { Credentials, FoundCredentials } from './credentials.ts'
import { hintFor } from './hints.ts'
import { collectInto, type Problem, type Say } from './problem.ts'
import { hidden, quote } from './show.ts'
import { asList, asMap, asText } from './value-path.ts'
import type { YamlSource } from './yaml-source.ts'

/** Problems between keys. */
export function crossCheck(value: unknown, credentials: FoundCredentials, source: YamlSource): Problem[] {
  const problems: Problem[] = []
  const fail = collectInto(problems, source)
  checkUsers(asList(asMap(value)['users']).map(asMap), fail)
  checkTokens(asMap(value), fail)
  checkGithub(asMap(asMap(value)['github']), credentials, fail)
  checkAgent(asMap(asMap(value)['agent']), credentials, fail)
  const telegram = asMap(asMap(value)['telegram'])
  if (telegram['updates'] === 'webhook' && telegram['webhook_secret'] === undefined) {
    const found = 'updates: webhook without a secret'
    const hint = 'set telegram.webhook_secret: Telegram proves itself with it'
    fail(['telegram', 'updates'], { found, expected: 'telegram.webhook_secret', hint })
  }
  return problems
}

type Raw = Readonly<Record<string, unknown>>

function checkUsers(users: readonly Raw[], fail: Say): void {
  checkUnique(users, ['users', 'name'], fail)
  checkUnique(users, ['users', 'telegram_id'], fail)
  users.forEach((user, index) => {
    if (user['notify'] === undefined || user['notify_chat_id'] === undefined) return
    const [found, hint] = ['notify and notify_chat_id', 'remove notify_chat_id']
    fail(['users', index, 'notify_chat_id'], { found, expected: 'one of the two', hint })
  })
  const roles = users.map((user) => user['role'] ?? 'member')
  if (users.length > 0 && roles.every((role) => role === 'member')) {
    fail(['users'], {
      found: 'no admin',
      expected: 'at least one user with role: admin',
      hint: 'write role: admin for one',
    })
  }
}

function checkTokens(value: Raw, fail: Say): void {
  const tokens = asList(value['api_tokens']).map(asMap)
  checkUnique(tokens, ['api_tokens', 'name'], fail)
  checkUnique(tokens, ['api_tokens', 'token'], fail)
  const users = asList(value['users']).map((user) => asText(asMap(user)['name']))
  if (users.some((name) => name === undefined)) return // a user without a name: which one is meant cannot be told
  const names = users.length === 0 ? [IMPLICIT_ADMIN] : users.filter((name) => name !== undefined)
  tokens.forEach((token, index) => {
    const user = asText(token['user'])
    if (user === undefined || names.includes(user)) return
    fail(['api_tokens', index, 'user'], {
      found: quote(user),
      expected: 'the name of a user',
      hint: hintFor(user, names),
    })
  })
}

function checkUnique(items: readonly Raw[], [list, key]: [string, string], fail: Say): void {
  const seen = new Set<string>()
  items.forEach((item, index) => {
    const found = item[key]
    const value = typeof found === 'number' ? String(found) : asText(found)
    if (value === undefined) return
    const shown = key === 'token' ? hidden(value) : quote(value)
    if (seen.has(value)) {
      const [found, hint] = [`${shown} a second time`, `give each its own ${key}`]
      fail([list, index, key], { found, expected: `a ${key} of its own`, hint })
    }
    seen.add(value)
  })
}

function checkGithub(github: Raw, credentials: FoundCredentials, fail: Say): void {
  const intake = github['intake'] ?? 'webhook'
  if ((intake !== 'webhook' && intake !== 'both') || credentials.webhookSecrets.length > 0) return
  if (credentials.problems.some((problem) => problem.key === 'GITHUB_WEBHOOK_SECRET')) return
  fail(['github', 'webhook_secret'], {
    found: 'nothing',
    expected: `the webhook's secret (github.intake is ${intake})`,
    hint:
      'set GITHUB_WEBHOOK_SECRET in the environment or in .env beside the file, to the secret that the webhook ' +
      'has on GitHub',
  })
}

function checkAgent(agent: Raw, credentials: Credentials, fail: Say): void {
  const backend = agent['backend']
  if (backend === 'openai-compatible' && agent['base_url'] === undefined) {
    fail(['agent', 'base_url'], {
      found: 'nothing',
      expected: 'the address of the API',
      hint: 'write agent.base_url, for example http://127.0.0.1:11434/v1',
    })
  }
  if ((backend === 'openai' || backend === 'openai-compatible') && agent['model'] === undefined) {
    fail(['agent', 'model'], {
      found: 'nothing',
      expected: `the name of a model (agent.backend is ${backend})`,
      hint: 'write agent.model: the default is a model of Anthropic',
    })
  }
  if ((backend !== 'anthropic' && backend !== 'openai') || credentials.apiKey !== null) return
  const variable = backend === 'anthropic' ? 'ANTHROPIC_API_KEY' : 'OPENAI_API_KEY'
  const hint =
    backend === 'anthropic' ? `set ${variable}` : `write agent.api_key: \${${variable}} and set ${variable}`
  fail(['agent', 'api_key'], { found: 'nothing', expected: `an API key (agent.backend is ${backend})`, hint })
}
