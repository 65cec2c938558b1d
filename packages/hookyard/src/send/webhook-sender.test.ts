// One message to any program: signed over the bytes that leave, with an id that stays, and without following where
// an answer points.
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Fault } from '@hookyard/standins/faults'
import type { Message } from './message.ts'
import { createRoute } from './outbox.ts'
import { recordingLog } from '../../testing/send/bench.ts'
import { openReceiver } from '../../testing/send/standins.ts'
import { createWebhookSender, openSigningKey } from './webhook-sender.ts'

const KEY = 'a-key-of-the-installation'
const NOON = Date.UTC(2026, 10, 22, 12)
const message: Message = { lines: [[{ bold: 'PR #1 opened' }, ' in ', { code: 'octo/cat' }], ['ünï 😀']] }

async function bench(options: { key?: string; timeoutMs?: number } = {}) {
  const receiver = await openReceiver(KEY)
  const sender = createWebhookSender({ scheme: 'http', key: KEY, clock: () => NOON, ...options })
  return {
    receiver,
    sender,
    send: (id = 'm-1', of = message) => sender.send(receiver.url, of, undefined, id),
  }
}

test('the receiver gets the text, its spans, an id and a time, signed over the raw bytes', async () => {
  const { receiver, send } = await bench()
  expect(await send()).toEqual({ status: 'sent' })
  expect(receiver.notices).toMatchObject([
    {
      id: 'm-1',
      body: {
        id: 'm-1',
        timestamp: '2026-11-22T12:00:00.000Z',
        text: 'PR #1 opened in octo/cat\nünï 😀',
        lines: message.lines,
      },
      headers: {
        'content-type': 'application/json',
        'x-hookyard-delivery': 'm-1',
        'x-hookyard-timestamp': String(NOON / 1_000),
      },
    },
  ])
})

test('a receiver with another key refuses it, and that is final', async () => {
  const { send } = await bench({ key: 'another' })
  expect(await send()).toEqual({ status: 'refused', error: 'the receiver refused it (401)' })
})

test('a message that is sent again has the same id', async () => {
  const { receiver, send } = await bench()
  receiver.failNext({ dropConnection: true, afterEffect: true })
  expect(await send()).toMatchObject({ status: 'again' })
  expect(await send()).toEqual({ status: 'sent' })
  expect([receiver.notices.length, receiver.repeats()]).toEqual([1, 1])
})

test('the id of a row stays from attempt to attempt, and differs from row to row', async () => {
  const { receiver, sender } = await bench()
  const route = createRoute(new Map([['http', sender]]), recordingLog([]))
  const row = (id: number, tries: number) => ({ id, address: receiver.url, message, tries, createdAt: NOON })
  const { signal } = new AbortController()
  for (const [id, tries] of [[1, 0], [1, 1], [2, 0]] as const) await route.send(row(id, tries), signal) // prettier-ignore
  expect(receiver.notices).toHaveLength(2)
  expect(receiver.repeats()).toBe(1)
})

test.each<[string, Fault, string, number | null]>([
  ['429', { status: 429, headers: { 'retry-after': '3' } }, 'again', 3_000],
  [
    'a date for a time',
    {
      status: 503,
      headers: { date: 'Sun, 22 Nov 2026 12:00:00 GMT', 'retry-after': 'Sun, 22 Nov 2026 12:02:00 GMT' },
    },
    'again',
    120_000,
  ],
  ['408', { status: 408 }, 'again', null],
  ['500', { status: 500 }, 'again', null],
  ['a connection cut', { dropConnection: true }, 'again', null],
  ['404', { status: 404 }, 'refused', null],
  ['410', { status: 410 }, 'refused', null],
  ['422 with a secret in it', { status: 422, body: 'token=s3cret' }, 'refused', null],
])('%s', async (_name, fault, status, afterMs) => {
  const { receiver, send } = await bench()
  receiver.failNext(fault)
  const result = await send()
  expect(result).toMatchObject(status === 'again' ? { status, afterMs } : { status })
  expect(JSON.stringify(result)).not.toContain('s3cret')
})

test.each([301, 302, 307, 308])('a redirect (%i) is not followed', async (status) => {
  const { receiver, send } = await bench()
  const elsewhere = await openReceiver(KEY)
  receiver.failNext({ status, headers: { location: elsewhere.url } })
  expect(await send()).toEqual({
    status: 'refused',
    error: `the receiver answered ${status}, a redirect, which is not followed`,
  })
  expect(elsewhere.answers).toEqual([])
})

test('an endless answer is not read to its end', async () => {
  const { receiver, send } = await bench()
  receiver.failNext({ status: 200, body: 'x'.repeat(5_000_000) })
  expect(await send()).toEqual({ status: 'sent' })
})

test('name and password in the address travel as a header, and in no error', async () => {
  const { receiver, sender } = await bench()
  const url = receiver.url.replace('http://', 'http://bot:p%40ss@')
  expect(await sender.send(url, message, undefined, 'm-1')).toEqual({ status: 'sent' })
  expect(receiver.notices[0]?.headers['authorization']).toBe(
    `Basic ${Buffer.from('bot:p@ss').toString('base64')}`,
  )
  await receiver.close()
  expect(await sender.send(url, message, undefined, 'm-2')).toEqual({
    status: 'again',
    afterMs: null,
    error: 'the receiver could not be reached: ECONNREFUSED',
  })
})

test('no answer in time is a reason to try again', async () => {
  const { receiver, send } = await bench({ timeoutMs: 50 })
  receiver.failNext({ hang: true })
  expect(await send()).toMatchObject({
    status: 'again',
    error: 'the receiver could not be reached: TimeoutError',
  })
})

test('an empty message and an address that is none are never sent', async () => {
  const { receiver, sender, send } = await bench()
  expect(await send('m-1', { lines: [[' ']] })).toMatchObject({ status: 'refused' })
  expect(await sender.send('http:', message, undefined, 'm-1')).toMatchObject({ status: 'refused' })
  expect(receiver.answers).toEqual([])
})

test('the key is made once, and its copy is for the operator alone', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'hookyard-key-'))
  try {
    const kept = new Map<string, string>()
    const store = {
      setting: (name: string, initial: string) => {
        if (!kept.has(name)) kept.set(name, initial)
        return Promise.resolve(kept.get(name)!)
      },
    }
    const key = await openSigningKey({ store, dataDir })
    expect(key).toMatch(/^[\w-]{43}$/)
    expect(await openSigningKey({ store, dataDir })).toBe(key)
    expect(await readFile(join(dataDir, 'notify-key'), 'utf8')).toBe(`${key}\n`)
    expect((await stat(join(dataDir, 'notify-key'))).mode & 0o777).toBe(0o600)
    await rm(join(dataDir, 'notify-key'))
    expect(await openSigningKey({ store, dataDir })).toBe(key)
    expect(await readFile(join(dataDir, 'notify-key'), 'utf8')).toBe(`${key}\n`)
  } finally {
    await rm(dataDir, { recursive: true })
  }
})
