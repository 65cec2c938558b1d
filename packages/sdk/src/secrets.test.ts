// What looks like a credential is not published; what only speaks of one is left alone.
import { expect, test } from 'vitest'
import { redactSecrets } from './secrets.ts'

test.each([
  ['postgres://app:s3cr3t-pass@db:5432/x', 'postgres://app:(secret removed)@db:5432/x'],
  ["password = 'hunter2-hunter2'", "password = '(secret removed)'"],
  ['"api_key": "abcdef123456"', '"api_key": "(secret removed)"'],
  ["clientSecret: 'abcdef123456'", "clientSecret: '(secret removed)'"],
  ['Authorization: Bearer abcdef.123456-xyz', 'Authorization: Bearer (secret removed)'],
])('%s', (given, expected) => expect(redactSecrets(given)).toBe(expected))

test.each([
  'password = getPassword()',
  'Read the password from the environment.',
  'const token = process.env.TOKEN',
  "apiKey: '${API_KEY}'",
  'https://example.com/a:b@c',
  'commit ec26c3e57ca3a959ca5aad62de7213c562f8c821',
  "throw new Error('bad password')",
])('keeps: %s', (text) => expect(redactSecrets(text)).toBe(text))

test('stays quick on long hostile lines', () => {
  const started = process.cpuUsage().user
  for (const piece of ['a://', 'password:', 'authorization ', "secret='", 'x:@'])
    redactSecrets(piece.repeat(10_000))
  expect(process.cpuUsage().user - started).toBeLessThan(5_000_000)
})
