// GitHub's limits are obeyed to the letter of its headers: short ones are waited for, long ones end the run.
import { expect, test } from 'vitest'
import { RetryAfterError } from '../../lib/errors.ts'
import { silentLog } from '../../lib/log.ts'
import type { Reply } from '@hookyard/standins/http'
import { createGitHub } from './client.ts'
import { NOW, get, ok, post, startScripted as start } from '../../../testing/broker/github/scripted-github.ts'

const atNow = { date: new Date(NOW).toUTCString() }

test.each([
  ['retry-after', { status: 429, headers: { 'retry-after': '20' } }, 20_000],
  ['retry-after on 403', { status: 403, headers: { 'retry-after': '20' } }, 20_000],
  [
    'an exhausted primary limit, in GitHub’s time',
    {
      status: 403,
      headers: {
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': String(NOW / 1_000 + 7_230),
        date: new Date(NOW + 7_200_000).toUTCString(),
      },
    },
    30_000,
  ],
  [
    'a secondary limit without a header',
    { status: 403, body: { message: 'You have exceeded a secondary rate limit.' } },
    60_000,
  ],
])('a short limit is waited for, writes too: %s', async (_name, limit, waitMs) => {
  const { github, slept } = await start([limit, ok])
  expect((await github.send('octo/hello', post)).status).toBe(200)
  expect(slept).toEqual([waitMs])
})

test('a long limit is left to the run’s retry, with its delay, and later requests do not even ask', async () => {
  const { github, seen } = await start([
    {
      status: 403,
      headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW / 1_000 + 600), ...atNow },
    },
  ])
  const first = await github.send('octo/hello', get).catch((error: unknown) => error)
  expect(first).toBeInstanceOf(RetryAfterError)
  expect((first as RetryAfterError).delayMs).toBe(600_000)
  await expect(github.send('octo/hello', post)).rejects.toBeInstanceOf(RetryAfterError)
  expect(seen).toHaveLength(1)
})

test('the last request of a window makes the next one wait; searches have a window of their own', async () => {
  const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW / 1_000 + 30), ...atNow }
  const { github, slept } = await start([{ ...ok, headers }, ok, ok])
  await github.send('octo/hello', get)
  await github.send('octo/hello', { method: 'GET', path: '/search/issues?q=x' })
  expect(slept).toEqual([])
  await github.send('octo/hello', get)
  expect(slept).toEqual([30_000])
})

test('a limit that comes again and again ends in a retry later', async () => {
  const limit: Reply = { status: 429, headers: { 'retry-after': '1' } }
  const { github, seen } = await start([limit, limit, limit, ok])
  await expect(github.send('octo/hello', get)).rejects.toBeInstanceOf(RetryAfterError)
  expect(seen).toHaveLength(3)
})

test('a run that is stopped does not wait out the limit', async () => {
  const stop = new AbortController()
  const github = createGitHub({
    apiUrl: 'http://github.example',
    token: 't',
    log: silentLog,
    clock: () => NOW,
    fetch: () => {
      setImmediate(() => stop.abort(new Error('run cancelled')))
      return Promise.resolve(new Response('', { status: 429, headers: { 'retry-after': '50' } }))
    },
  })
  await expect(github.send('octo/hello', get, stop.signal)).rejects.toThrow('run cancelled')
})
