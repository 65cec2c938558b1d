// Empty secrets and unset variables stop the start, and name the variable to set.
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readConfig } from './load-config.ts'
import { brief, readText, SECRET } from '../../testing/config/read.ts'

test.each(['', '""', "'  '", 'null', '~'])('an empty secret is an error: webhook_secret: %s', (value) => {
  const { problems } = readText(`github:\n  webhook_secret: ${value}`, { GITHUB_WEBHOOK_SECRET: 'set' })
  expect(problems.map(({ key, line }) => [key, line])).toEqual([['github.webhook_secret', 2]])
})

test.each([
  ['github: { webhook_secret: [a-secret, ""] }', 'github.webhook_secret[1]'],
  ['github: { webhook_secret: [] }', 'github.webhook_secret'],
  ['github: { token: "" }', 'github.token'],
  ['inbound: { secret: "" }', 'inbound.secret'],
  ['inbound: {}', 'inbound.secret'],
  ['telegram: { bot_token: "" }', 'telegram.bot_token'],
  ['agent: { api_key: " " }', 'agent.api_key'],
  ['api_tokens: [{ name: t, token: "", user: admin, scopes: [] }]', 'api_tokens[0].token'],
  ['github: { token: "${EMPTY}" }', 'github.token'],
])('an empty secret is an error: %s', (text, key) => {
  expect(readText(text, { ...SECRET, EMPTY: '' }).problems.map((problem) => problem.key)).toEqual([key])
})

test.each(['GITHUB_WEBHOOK_SECRET', 'GITHUB_TOKEN', 'TELEGRAM_BOT_TOKEN', 'GITHUB_APP_ID'])(
  'an empty variable is an error: %s',
  (name) => {
    const { problems } = readText('', { ...SECRET, [name]: '' })
    expect(problems).toEqual([
      expect.objectContaining({ file: 'environment', key: name, found: 'empty text' }),
    ])
  },
)

test('a variable of .env is named with its line', () => {
  const dir = mkdtempSync(join(tmpdir(), 'hookyard-config-'))
  writeFileSync(join(dir, 'hookyard.yaml'), '')
  writeFileSync(join(dir, '.env'), '# secrets\nGITHUB_WEBHOOK_SECRET=x\nGITHUB_TOKEN=\n')
  const { problems } = readConfig({ file: join(dir, 'hookyard.yaml'), env: {} })
  expect(problems).toEqual([
    expect.objectContaining({ file: join(dir, '.env'), line: 3, column: 1, key: 'GITHUB_TOKEN' }),
  ])
})

test('a missing webhook secret says which variable to set', () => {
  const { problems } = readText('github:\n  intake: both', {})
  expect(problems.map(brief)).toEqual(['1:1 github.webhook_secret: nothing'])
  expect(problems[0]?.hint).toMatch(/^set GITHUB_WEBHOOK_SECRET /)
  // Polling is not built yet: it fixes nothing.
  expect(problems[0]?.hint).not.toContain('poll')
})

test('an unset variable is named, wherever it stands', () => {
  const { problems } = readText(
    'repos: ["${OWNER}/x"]\nmodules: { m: { config: { deep: [{ key: "${GONE}" }] } } }',
  )
  expect(problems.map(brief)).toEqual([
    '1:9 repos[0]: ${OWNER}, which is not set',
    '2:36 modules.m.config.deep[0].key: ${GONE}, which is not set',
  ])
  expect(readText('data_dir: ${GONE}').problems[0]?.hint).toBe('set GONE, or write ${GONE:-default}')
})

test('a default is plain text: a variable in it is told, not taken for text', () => {
  expect(readText('data_dir: ${A:-${B}}', { ...SECRET, B: 'b' }).problems.map(brief)).toEqual([
    '1:1 data_dir: a variable inside a default',
  ])
})

test.each(['${', '${}', '${1A}', '${A-b}', 'x${A', '${A B}'])('%s begins no variable', (text) => {
  expect(readText(`agent:\n  model: '${text}'`, { ...SECRET, A: 'a' }).problems.map(brief)).toEqual([
    '2:3 agent.model: a ${ that begins no variable',
  ])
})

test('a variable that is no number is shown as one value', () => {
  const { problems } = readText('server: { port: "${PORT}" }', { ...SECRET, PORT: 'eighty' })
  expect(problems.map(brief)).toEqual(['1:11 server.port: "eighty"'])
})

test('a value that is more than a variable is text', () => {
  const { problems } = readText('server: { port: "80${REST}" }', { ...SECRET, REST: '80' })
  expect(problems.map(brief)).toEqual(['1:11 server.port: "8080"'])
})

test('what is expected of a database is told whole, and an empty secret is fixed by name', () => {
  const { problems } = readText('database: mysql://x\ninbound: { secret: "" }\n')
  expect(problems.map(({ expected, hint }) => [expected, hint])).toEqual([
    ['sqlite (PostgreSQL is not built in yet)', null],
    [
      'a secret that is not empty',
      'write ${HOOKYARD_INBOUND_SECRET} and set HOOKYARD_INBOUND_SECRET to its value',
    ],
  ])
})
