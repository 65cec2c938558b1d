// No message shows a secret: not by its key, not by its shape, not by its value in another place.
import { expect, test } from 'vitest'
import { hideSecrets, maskTokens, showValue } from './show.ts'
import { brief, readText } from '../../testing/config/read.ts'

test.each([
  [['github', 'token'], 'abc', '(secret, 3 characters)'],
  [['github', 'webhook_secret', 0], 'abc', '(secret, 3 characters)'],
  [['telegram', 'bot_token'], 12, '(secret, 2 characters)'],
  [['agent', 'env', 'HARMLESS'], 'abc', '(secret, 3 characters)'],
  [['modules', 'm', 'config', 'apiKey'], 'abc', '(secret, 3 characters)'],
  [['modules', 'm', 'config', 'db_password'], 'abc', '(secret, 3 characters)'],
  [['telegram'], 'a token in the wrong place', '(secret, 26 characters)'],
  [['api_tokens', 0], 'a-token', '(secret, 7 characters)'],
  [['api_tokens', 0, 'user'], 'bob', '"bob"'],
  [['github', 'app', 'private_key_file'], 'x.pem', '"x.pem"'],
  [['modules', 'm', 'config', 'max_tokens'], 'many', '"many"'],
  [['notify'], 'slack:https://hooks.slack.com/x', '"slack:…"'],
  [['database'], 'mysql://u:p@h', '"mysql:…"'],
  [['server', 'host'], 'x'.repeat(61), `"${'x'.repeat(60)}…"`],
  [['github', 'token'], '', 'empty text'],
  [['github', 'token'], ['abc'], 'a list'],
  [['github', 'token'], { a: 'abc' }, 'a map'],
  [['x'], null, 'nothing'],
])('%j: %j', (path, value, shown) => {
  expect(showValue(value, path)).toBe(shown)
})

test.each([
  'ghp_abcdefgh12345678',
  'github_pat_abcdefgh12345678',
  'sk-ant-abcdefgh12345678',
  'xoxb-12345678-abcdefgh',
  '123456789:AAabcdefghijklmnopqrstuvwxyz',
  '-----BEGIN PRIVATE KEY-----\nabc',
])('what looks like a token is hidden wherever it stands: %s', (token) => {
  expect(maskTokens(`in ${token}`)).toBe('in (secret)')
  expect(showValue(token, ['server', 'host'])).toBe('"(secret)"')
})

test('a secret that stands in a second place is hidden there too', () => {
  const { problems } = readText('inbound: { secret: hush-hush }\nlog: { level: hush-hush }')
  expect(problems.map(brief)).toEqual(['2:8 log.level: "(secret, 9 characters)"'])
})

test('a short secret does not black out the words of the report', () => {
  const problem = {
    file: 'f',
    line: 1,
    column: 1,
    key: 'server.port',
    found: '"port"',
    expected: 'a port number',
    hint: 'write port',
  }
  expect(hideSecrets([problem], ['port', 'port'])).toEqual([problem])
})

test('a scalar in the place of a section is not shown', () => {
  expect(readText('telegram: not-a-known-token-shape').problems.map(brief)).toEqual([
    '1:1 telegram: (secret, 23 characters)',
  ])
  expect(readText('agent: { env: { A: [not-shown] } }').problems.map(brief)).toEqual([
    '1:17 agent.env.A: a list',
  ])
})
