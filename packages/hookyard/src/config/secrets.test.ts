// Every secret of a configuration is known by value.
import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { secretsOf } from './secrets.ts'
import { EVERYTHING } from '../../testing/config/everything.ts'
import { goodConfig, SECRET } from '../../testing/config/read.ts'

const { privateKey } = generateKeyPairSync('ed25519', {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})

const config = goodConfig(
  EVERYTHING.replace('  token: ghp_token\n', '')
    .replace('database: sqlite', 'database: postgres://u:pass%20word@db:5432/hookyard')
    .replace('env: {}', 'env: { HTTPS_PROXY: "http://u:pw@proxy:3128", DEBUG: 1 }')
    .replace('notify_chat_id: -100222', 'notify: "slack:https://hooks.slack.com/services/T/B/hush"')
    .replace(
      'config: {}',
      'config: { api_key: module-key, max_tokens: 5, deep: [{ password: deep-password }] }',
    ),
  { ...SECRET, GITHUB_APP_ID: '1', GITHUB_APP_PRIVATE_KEY: privateKey },
)

const SECRETS = [
  'webhook-secret',
  privateKey,
  privateKey.split('\n')[1] ?? '',
  'inbound-secret',
  '123:abc',
  'telegram-secret',
  'sk-key',
  'http://u:pw@proxy:3128',
  'some-long-api-token',
  'services/T/B/hush',
  'pass%20word',
  'module-key',
  'deep-password',
]

test('the logger gets every secret to hide, and no everyday word', () => {
  const secrets = secretsOf(config)
  expect(secrets).toEqual(expect.arrayContaining(SECRETS))
  expect(secrets).toHaveLength(SECRETS.length)
})

test('without secrets nothing is hidden', () => {
  const plain = goodConfig('github: { intake: poll }\nnotify: telegram:5', {})
  expect(secretsOf(plain)).toEqual([])
})
