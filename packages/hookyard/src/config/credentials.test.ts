// Secrets are found by their names: in the file, in the environment, in .env beside the file.
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadConfig } from './load-config.ts'
import { brief, goodConfig, readText, SECRET } from '../../testing/config/read.ts'

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})

function folder(files: Readonly<Record<string, string>>): string {
  const dir = mkdtempSync(join(tmpdir(), 'hookyard-config-'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text)
  return dir
}

test('secrets are found by name, and .env beside the file is read', () => {
  const dir = folder({
    'hookyard.yaml': 'repos: [a/b]\nserver: { port: "${PORT}" }',
    '.env':
      'GITHUB_WEBHOOK_SECRET=from-file\nGITHUB_TOKEN="token"\nexport TELEGRAM_BOT_TOKEN=1:x\nANTHROPIC_API_KEY=key\nPORT=9000\n',
  })
  const { config, env } = loadConfig({ file: join(dir, 'hookyard.yaml'), env: { PORT: '9001' } })
  expect(config.github).toMatchObject({ webhookSecrets: ['from-file'], token: 'token' })
  expect(config.telegram.botToken).toBe('1:x')
  expect(config.agent.apiKey).toBe('key')
  expect(config.server.port).toBe(9001) // the process wins
  expect(env['GITHUB_TOKEN']).toBe('token')
})

test('a folder named .env is not read', () => {
  const dir = folder({ 'hookyard.yaml': 'repos: [a/b]' })
  mkdirSync(join(dir, '.env'))
  expect(loadConfig({ file: join(dir, 'hookyard.yaml'), env: SECRET }).config.repos).toEqual(['a/b'])
})

test('an App is found by name: key in one line, or in a file beside the configuration', () => {
  const oneLine = {
    ...SECRET,
    GITHUB_APP_ID: '12',
    GITHUB_APP_PRIVATE_KEY: privateKey.replaceAll('\n', String.raw`\n`),
  }
  expect(goodConfig('', oneLine).github.app).toEqual({ id: '12', privateKey })
  const dir = folder({ 'hookyard.yaml': '', 'key.pem': privateKey })
  const env = {
    ...SECRET,
    GITHUB_APP_ID: '12',
    GITHUB_APP_PRIVATE_KEY_FILE: './key.pem',
    GITHUB_TOKEN: 'unused',
  }
  expect(loadConfig({ file: join(dir, 'hookyard.yaml'), env }).config.github).toMatchObject({
    app: { id: '12', privateKey },
    token: null,
  })
})

test('an App in the file may have a number for its id, and its key in a file', () => {
  const dir = folder({
    'hookyard.yaml': 'github: { app: { id: 12, private_key_file: key.pem } }',
    'key.pem': privateKey,
  })
  const { config } = loadConfig({
    file: join(dir, 'hookyard.yaml'),
    env: { ...SECRET, GITHUB_TOKEN: 'unused' },
  })
  expect(config.github).toMatchObject({ app: { id: '12', privateKey }, token: null })
})

test('the key of Anthropic is given to no other back-end', () => {
  const env = { ...SECRET, ANTHROPIC_API_KEY: 'key' }
  expect(goodConfig('agent: { backend: claude-cli }', env).agent.apiKey).toBeNull()
  expect(goodConfig('agent: { backend: anthropic }', env).agent.apiKey).toBe('key')
})

test('half an App is an error, unless there is a token to work with', () => {
  expect(readText('', { ...SECRET, GITHUB_APP_ID: '1' }).problems.map(brief)).toEqual([
    '0:0 GITHUB_APP_ID: half an App',
  ])
  expect(readText('', { ...SECRET, GITHUB_APP_PRIVATE_KEY: privateKey }).problems.map(brief)).toEqual([
    '0:0 GITHUB_APP_PRIVATE_KEY: half an App',
  ])
  const { config, warnings } = readText('', { ...SECRET, GITHUB_APP_ID: '1', GITHUB_TOKEN: 'x' })
  expect(config?.github).toMatchObject({ token: 'x', app: null })
  expect(warnings.map(brief)).toContain('0:0 GITHUB_APP_ID: half an App')
})

test('a key file that is not there is named', () => {
  const { problems } = readText('', {
    ...SECRET,
    GITHUB_APP_ID: '1',
    GITHUB_APP_PRIVATE_KEY_FILE: 'gone.pem',
  })
  expect(problems.map(brief)).toEqual([
    '0:0 GITHUB_APP_PRIVATE_KEY_FILE: /etc/hookyard/gone.pem: no such file',
  ])
})

test('a token with white space in it was copied badly', () => {
  expect(readText('', { ...SECRET, GITHUB_TOKEN: 'ghp_a b' }).problems.map(brief)).toEqual([
    '0:0 GITHUB_TOKEN: white space in it (secret, 7 characters)',
  ])
  expect(readText('telegram: { bot_token: "1:a\\n" }').problems.map(brief)).toEqual([
    '1:13 telegram.bot_token: (secret, 4 characters)',
  ])
})
