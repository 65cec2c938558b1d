// As an App the service holds one short-lived token per repository, which reaches that repository alone.
import { generateKeyPairSync, verify } from 'node:crypto'
import { expect, test } from 'vitest'
import { silentLog } from '../../lib/log.ts'
import type { Reply } from '@hookyard/standins/http'
import { createGitHub } from './client.ts'
import { NOW, get, ok, startScripted as start } from '../../../testing/broker/github/scripted-github.ts'

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const app = { id: '7', privateKey: privateKey.export({ type: 'pkcs1', format: 'pem' }) as string }
const installation: Reply = { status: 200, body: { id: 99 } }
const minted = (token: string, expiresAt: number): Reply => ({
  status: 201,
  body: { token, expires_at: new Date(expiresAt).toISOString() },
})
const HOUR = 3_600_000

test('an App asks for a token of this one repository, uses it, and renews it before it ends', async () => {
  let now = NOW
  const { github, seen } = await start(
    [installation, minted('ghs_1', NOW + HOUR), ok, ok, installation, minted('ghs_2', NOW + 2 * HOUR), ok],
    { app, token: null, clock: () => now },
  )
  await github.send('Octo/Hello', get)
  await github.send('octo/hello', get)
  now += 56 * 60_000
  await github.send('octo/hello', get)
  expect(seen.map(({ method, url }) => `${method} ${url.pathname}`)).toEqual([
    'GET /repos/octo/hello/installation',
    'POST /app/installations/99/access_tokens',
    'GET /repos/octo/hello/issues/1',
    'GET /repos/octo/hello/issues/1',
    'GET /repos/octo/hello/installation',
    'POST /app/installations/99/access_tokens',
    'GET /repos/octo/hello/issues/1',
  ])
  expect(JSON.parse(String(seen[1]?.body))).toEqual({ repositories: ['hello'] })
  expect([seen[2], seen[6]].map((request) => request?.headers.authorization)).toEqual([
    'Bearer ghs_1',
    'Bearer ghs_2',
  ])
})

test('the App signs for itself with its key, for less than ten minutes', async () => {
  const { github, seen } = await start([{ status: 200, body: { slug: 'hookyard' } }], { app, token: null })
  expect(await github.ownLogin('octo/hello')).toBe('hookyard[bot]')
  const [header = '', claims = '', signature = ''] = (seen[0]?.headers.authorization ?? '')
    .slice('Bearer '.length)
    .split('.')
  expect(
    verify('RSA-SHA256', Buffer.from(`${header}.${claims}`), publicKey, Buffer.from(signature, 'base64url')),
  ).toBe(true)
  expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toEqual({
    iat: NOW / 1_000 - 60,
    exp: NOW / 1_000 + 540,
    iss: '7',
  })
})

test('requests that come together share one token; a refused one is replaced once', async () => {
  const { github, seen } = await start(
    [
      installation,
      minted('ghs_1', NOW + HOUR),
      ok,
      ok,
      { status: 401 },
      installation,
      minted('ghs_2', NOW + HOUR),
      ok,
    ],
    { app, token: null },
  )
  await Promise.all([github.send('octo/hello', get), github.send('octo/hello', get)])
  expect((await github.send('octo/hello', get)).status).toBe(200)
  expect(seen.filter(({ method }) => method === 'POST')).toHaveLength(2)
})

test('a machine whose clock is off signs by GitHub’s clock after the first refusal', async () => {
  const off = 3 * HOUR
  const { github, seen } = await start(
    [
      { status: 401, headers: { date: new Date(NOW + off).toUTCString() } },
      { status: 200, body: { slug: 'hookyard' } },
    ],
    { app, token: null },
  )
  expect(await github.ownLogin('octo/hello')).toBe('hookyard[bot]')
  const claims = seen[1]?.headers.authorization?.split('.')[1] ?? ''
  expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
    iat: (NOW + off) / 1_000 - 60,
  })
})

test('an App that is not installed on the repository says so', async () => {
  const { github } = await start([{ status: 404, body: { message: 'Not Found' } }], { app, token: null })
  await expect(github.send('octo/hello', get)).rejects.toThrow(
    'the GitHub App is not installed on octo/hello',
  )
})

test('a private key that is none is refused at once', () => {
  const make = () =>
    createGitHub({
      apiUrl: 'http://x',
      app: { id: '7', privateKey: 'nonsense' },
      log: silentLog,
      clock: () => NOW,
    })
  expect(make).toThrow('no PEM key')
})
