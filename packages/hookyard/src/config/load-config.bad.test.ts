// Every problem names its line, its key, what was found and how to fix it; all of them at once, and no secret.
import { expect, test } from 'vitest'
import { ConfigError, formatProblems } from './problem.ts'
import { brief, readText } from '../../testing/config/read.ts'

test.each([
  ['an unknown key', 'server:\n  prot: 80', ['2:3 server.prot: an unknown key'], 'write port'],
  ['a key of another section', 'port: 80', ['1:1 port: an unknown key'], 'port belongs into server'],
  [
    'another spelling',
    'users: [{ name: a, role: admin, chatId: 5 }]',
    ['1:33 users[0].chatId: an unknown key'],
    'write chat_id',
  ],
  ['a word for a number', 'server:\n  host: x\n  port: abc', ['3:3 server.port: "abc"'], null],
  ['a port that is none', 'server: { port: 65536 }', ['1:11 server.port: 65536'], null],
  [
    'everybody as a proxy',
    'server: { trust_proxy: true }',
    ['1:11 server.trust_proxy: true'],
    'write it like 127.0.0.1, [10.0.0.0/8, "fd00::/8"] or loopback',
  ],
  [
    'a proxy without an address, and a network of everything',
    'server: { trust_proxy: [proxy.example.org, 0.0.0.0/0] }',
    ['1:25 server.trust_proxy[0]: "proxy.example.org"', '1:44 server.trust_proxy[1]: "0.0.0.0/0"'],
    'write it like 127.0.0.1, [10.0.0.0/8, "fd00::/8"] or loopback',
  ],
  [
    'a number in quotes',
    'workers: { concurrency: "4" }',
    ['1:12 workers.concurrency: "4"'],
    'write it without quotes',
  ],
  [
    'a chat id in quotes',
    'users: [{ name: a, role: admin, chat_id: "5" }]',
    ['1:33 users[0].chat_id: "5"'],
    'write the number that Telegram gives the chat, without quotes',
  ],
  [
    'a chat id beyond all numbers',
    'users: [{ name: a, role: admin, chat_id: 99999999999999999999 }]',
    ['1:33 users[0].chat_id: 100000000000000000000'],
    'write the number that Telegram gives the chat, without quotes',
  ],
  [
    'yes for true',
    'users: [{ name: a, role: admin, features: { x: yes } }]',
    ['1:45 users[0].features.x: "yes"'],
    'write true',
  ],
  ['off for false', 'modules: { m: { enabled: off } }', ['1:17 modules.m.enabled: "off"'], 'write false'],
  ['a misspelt choice', 'log: { level: wran }', ['1:8 log.level: "wran"'], 'write warn'],
  ['a list for a map', 'server: [a, b]', ['1:1 server: a list'], 'write KEY: value lines, indented'],
  ['a text for a list', 'repos: octocat/x', ['1:1 repos: "octocat/x"'], 'put it into brackets: [ … ]'],
  ['a map for a list', 'users: { name: a }', ['1:1 users: a map'], null],
  [
    'a repository that is a URL',
    'repos:\n  - a/b\n  - https://github.com/a/b',
    ['3:5 repos[1]: "https://github.com/a/b"'],
    'write it like octocat/Hello-World or "octocat/*"',
  ],
  [
    'a repository that is a star',
    'repos: ["*"]',
    ['1:9 repos[0]: "*"'],
    'write it like octocat/Hello-World or "octocat/*"',
  ],
  [
    'a repository that climbs',
    'repos: ["a/.."]',
    ['1:9 repos[0]: "a/.."'],
    'write it like octocat/Hello-World or "octocat/*"',
  ],
  ['a duration that is none', 'agent: { timeout: 5x }', ['1:10 agent.timeout: "5x"'], null],
  ['a duration out of bounds', 'modules: { m: { cooldown: 31d } }', ['1:17 modules.m.cooldown: "31d"'], null],
  [
    'an address that is none',
    'notify: slcak:https://hooks.slack.com/secret',
    ['1:1 notify: "slcak:…"'],
    'write it like telegram:123456',
  ],
  [
    'a channel of Telegram by name',
    'notify: telegram:@channel',
    ['1:1 notify: "telegram:…"'],
    'write it like telegram:123456',
  ],
  [
    'Slack without https',
    'notify: slack:http://hooks.slack.com/x',
    ['1:1 notify: "slack:…"'],
    'write it like telegram:123456',
  ],
  ['a database that is none', 'database: mysql://u:pw@h/db', ['1:1 database: "mysql:…"'], null],
  ['an OS user that is an option', 'agent: { os_user: -rf }', ['1:10 agent.os_user: "-rf"'], null],
  [
    'a variable that cannot be one',
    'agent: { env: { MY-VAR: x } }',
    ['1:17 agent.env.MY-VAR: a key that cannot be one'],
    null,
  ],
  ['too many retries', 'modules: { m: { retries: { max: 21 } } }', ['1:28 modules.m.retries.max: 21'], null],
  ['a budget below zero', 'budgets: { per_run_usd: -1 }', ['1:12 budgets.per_run_usd: -1'], null],
  ['a missing name', 'users: [{ role: admin }]', ['1:9 users[0].name: nothing'], 'write a value for name'],
  [
    'no such key twice',
    'log: { level: info }\nlog: {}',
    ['2:1 log: the same key a second time'],
    'remove one of the two',
  ],
  [
    'a key twice, and what is wrong beside it',
    'log: {}\nserver: { prot: 80 }\nlog: { levl: info }',
    [
      '2:11 server.prot: an unknown key',
      '3:1 log: the same key a second time',
      '3:8 log.levl: an unknown key',
    ],
    'write port',
  ],
])('%s', (_name, text, problems, hint) => {
  const reading = readText(text)
  expect(reading.config).toBeNull()
  expect(reading.problems.map(brief)).toEqual(problems)
  expect(reading.problems[0]?.hint).toBe(hint)
})

test.each([
  [
    'two users of one name',
    'users: [{ name: a, role: admin }, { name: a }]',
    '1:37 users[1].name: "a" a second time',
  ],
  ['no admin', 'repos: [a/b]\nusers: [{ name: a }]', '2:1 users: no admin'],
  [
    'two addresses',
    'users: [{ name: a, role: admin, notify: telegram:1, notify_chat_id: 2 }]',
    '1:53 users[0].notify_chat_id: notify and notify_chat_id',
  ],
  [
    'a token of nobody',
    'api_tokens: [{ name: t, token: x, user: bob, scopes: [] }]',
    '1:35 api_tokens[0].user: "bob"',
  ],
  ['two tokens of one name', tokens('a', 'x', 'a', 'y'), '3:7 api_tokens[1].name: "a" a second time'],
  [
    'the same token twice',
    tokens('a', 'token-123456', 'b', 'token-123456'),
    '3:16 api_tokens[1].token: (secret, 12 characters) a second time',
  ],
  [
    'an unknown scope',
    'api_tokens: [{ name: t, token: x, user: admin, scopes: ["run:read"] }]',
    '1:57 api_tokens[0].scopes[0]: "run:read"',
  ],
  [
    'a token and an App',
    'github: { token: x, app: { id: 1, private_key: x } }',
    '1:21 github.app: a token and an App',
  ],
  [
    'an App without a key',
    'github: { app: { id: 1 } }',
    '1:11 github.app: neither private_key nor private_key_file',
  ],
  [
    'a key that is none',
    'github: { app: { id: 1, private_key: abc } }',
    '1:25 github.app.private_key: text that is no private key (3 characters)',
  ],
  [
    'OpenAI-compatible without an address',
    'agent: { backend: openai-compatible }',
    '1:1 agent.base_url: nothing',
  ],
  ['OpenAI without a key', 'agent: { backend: openai }', '1:1 agent.api_key: nothing'],
  ['OpenAI without a model', 'agent: { backend: openai, api_key: k }', '1:1 agent.model: nothing'],
  ['half a price', 'agent: { price: { input: 1 } }', '1:10 agent.price.output: nothing'],
  ['Anthropic without a key', 'agent: { backend: anthropic }', '1:1 agent.api_key: nothing'],
  [
    'updates by webhook without a secret',
    'telegram: { updates: webhook }',
    '1:13 telegram.updates: updates: webhook without a secret',
  ],
])('keys that do not go together: %s', (_name, text, problem) => {
  expect(readText(text).problems.map(brief)).toContain(problem)
})

function tokens(nameA: string, tokenA: string, nameB: string, tokenB: string): string {
  const item = (name: string, token: string) =>
    `  - { name: ${name}, token: ${token}, user: admin, scopes: [] }`
  return `api_tokens:\n${item(nameA, tokenA)}\n${item(nameB, tokenB)}`
}

test('whose token it is cannot be told while a user has no name', () => {
  const { problems } = readText(
    'users: [{ role: admin }]\napi_tokens: [{ name: t, token: x, user: bob, scopes: [] }]',
  )
  expect(problems.map(({ key }) => key)).toEqual(['users[0].name'])
})

test('all problems come at once, in the order of the lines', () => {
  const { problems } = readText(
    'log: { level: loud }\nserver: { port: x }\nusers: [{ name: a }]\nagent: { backend: openai }\nnope: 1',
    {},
  )
  expect(problems.map(({ key }) => key)).toEqual([
    'github.webhook_secret',
    'log.level',
    'server.port',
    'users',
    'agent.model',
    'agent.api_key',
    'nope',
  ])
})

test('a problem is one line that a person can act on', () => {
  const { problems } = readText('server:\n  port: abc\n  prot: 1')
  expect(formatProblems(problems, '/etc/hookyard')).toBe(
    'hookyard.yaml:2:3 server.port: found "abc", expected a port number 0-65535.\n' +
      'hookyard.yaml:3:3 server.prot: found an unknown key, expected a known one. Fix: write port.',
  )
  expect(new ConfigError(problems).message).toContain('/etc/hookyard/hookyard.yaml:2:3 server.port')
})
