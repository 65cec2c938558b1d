// What one run may do: over a cap every further call is refused, and the error ends the run.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { claimedRun, config, module } from '../../../../test/builders.ts'
import { silentLog } from '../lib/log.ts'
import { openSqliteStore } from '../store/sqlite/open.ts'
import type { Store } from '../store/store.ts'
import { createBroker } from './broker.ts'
import type { GitHubBroker, LoadedSubject } from './github/broker.ts'

let store: Store
beforeAll(async () => {
  store = await openSqliteStore({ file: join(mkdtempSync(join(tmpdir(), 'hookyard-caps-')), 'hookyard.db') })
})
afterAll(() => store.close())

const other = module('other', { subject: 'none' })
let runs = 0

/** GitHub takes whatever it is given. */
function brokerOf() {
  const loaded: LoadedSubject = { kind: 'issue', pr: null, issue: null, repo: null, subject: null }
  const github = {
    load: () => Promise.resolve(loaded),
    write: () => Promise.resolve({}),
    fetch: () => Promise.resolve({ status: 200, headers: {}, body: '' }),
  } as Partial<GitHubBroker> as GitHubBroker
  return createBroker({
    github: () => github,
    agent: () => ({
      describe: () => ({ backend: 'none', why: '' }),
      run: () => Promise.reject(new Error('no')),
    }),
    config: () => config(),
    store,
    addressOf: (user) => `telegram:${user}`,
    module: (name) => (name === 'other' ? other : undefined),
    newRunId: () => `invoked-${(runs += 1)}`,
    clock: () => 1_000,
    log: silentLog,
    onAdded: () => undefined,
  })
}

/** An attempt of a run. */
async function attemptOf(id = `caps-${(runs += 1)}`, attempt = 1, broker = brokerOf()) {
  const run = claimedRun({ id, attempt, module: 'm', recipients: ['alice', 'bob'] })
  const open = broker.open(run, module('m', { subject: 'issue' }), new AbortController().signal)
  await open.load()
  return { id, open, call: (method: string, params: unknown) => open.call(method, params) }
}

type Said = readonly [method: string, params: unknown]
const overLimit = (limit: string) => ({
  reason: 'over_limit',
  message: expect.stringContaining(limit) as string,
})
const notify = (n: number): Said => ['notify', { text: `message ${n}` }]
const comment = (n: number): Said => ['subject.write', { verb: 'comment', args: [`key ${n}`, 'x'] }]
const post = (n: number): Said => [
  'github.fetch',
  { method: 'post', url: `/x/${n}`, headers: {}, body: null },
]
const invoke = (n: number): Said => ['invoke', { module: 'other', input: { n } }]

test.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])(
  '%s, which every object has, is no call',
  async (method) => {
    const { call } = await attemptOf()
    await expect(call(method, {})).rejects.toMatchObject({ reason: 'unknown_call' })
  },
)

test.each([
  ['messages', 20, notify],
  ['effects', 50, comment],
  ['effects', 50, post],
  ['runs invoked', 10, invoke],
] as const)('%s: %d go, one more is refused, and so is whatever follows', async (what, cap, call) => {
  const { call: say } = await attemptOf()
  for (let n = 0; n < cap; n += 1) await say(...call(n))
  await expect(say(...call(cap))).rejects.toMatchObject(overLimit(`more than ${cap} ${what}`))
  await expect(say(...call(cap + 1))).rejects.toMatchObject({ reason: 'over_limit' })
})

test('3,207 messages at once: 20 are queued, to each recipient', async () => {
  const { id, call } = await attemptOf()
  const all = await Promise.allSettled(Array.from({ length: 3_207 }, (_, n) => call(...notify(n))))
  expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(20)
  expect(await store.outbox.ofRun(id)).toHaveLength(40)
})

test('the same effect again is no further one, and reads are none', async () => {
  const { call } = await attemptOf()
  for (let n = 0; n < 60; n += 1) {
    await call(...comment(1))
    await call('github.fetch', { method: 'get', url: `/x/${n}`, headers: {}, body: null })
  }
})

test('messages of earlier attempts count, and a repeat of them does not', async () => {
  const first = await attemptOf()
  for (let n = 0; n < 15; n += 1) await first.call(...notify(n))
  const second = await attemptOf(first.id, 2)
  for (let n = 0; n < 20; n += 1) await second.call(...notify(n))
  await expect(second.call(...notify(20))).rejects.toMatchObject(overLimit('more than 20 messages'))
  expect(await store.outbox.ofRun(first.id)).toHaveLength(40)
})

test.each([
  ['effects', 50, comment],
  ['effects', 50, post],
  ['runs invoked', 10, invoke],
] as const)('%s of earlier attempts count, and a repeat of them does not', async (what, cap, call) => {
  const broker = brokerOf()
  const first = await attemptOf(undefined, 1, broker)
  for (let n = 0; n < cap; n += 1) await first.call(...call(n))
  const second = await attemptOf(first.id, 2, broker)
  for (let n = 0; n < cap; n += 1) await second.call(...call(n))
  await expect(second.call(...call(cap))).rejects.toMatchObject(overLimit(`more than ${cap} ${what}`))
})

test('237 MB by once: 1 MiB is kept, in all attempts and with the state', async () => {
  const { id, call, open } = await attemptOf()
  const result = 'x'.repeat(400_000)
  const all = Array.from({ length: 100 }, (_, n) => call('once.end', { key: `k${n}`, result }))
  const kept = (await Promise.allSettled(all)).filter(({ status }) => status === 'fulfilled')
  expect(kept).toHaveLength(2)
  expect(await store.effects.onceKept(id)).toBe(800_004)
  const later = await attemptOf(id, 2)
  await expect(later.call('once.end', { key: 'more', result })).rejects.toMatchObject(overLimit('1048576'))
  expect(await open.refuseState('x'.repeat(200_000))).toBeNull()
  expect(await open.refuseState('x'.repeat(300_000))).toMatch(/at most 1048576 bytes/)
  expect(await open.refuseState(undefined)).toBeNull()
})

test('an invoked run is given at most 1 MiB', async () => {
  const { call } = await attemptOf()
  const input = 'x'.repeat(1_100_000)
  await expect(call('invoke', { module: 'other', input })).rejects.toMatchObject(overLimit('1048576'))
})

test('what the journal records has at most 1 MiB, and keys that poison are keys', async () => {
  const { call, open } = await attemptOf()
  await call('journal.record', JSON.parse('{"__proto__":{"polluted":1},"constructor":2}'))
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  expect((open.records as { polluted?: unknown }).polluted).toBeUndefined()
  await call('journal.record', { a: 'x'.repeat(900_000) })
  await expect(call('journal.record', { b: 'x'.repeat(200_000) })).rejects.toMatchObject(overLimit('1048576'))
  expect(Object.keys(open.records)).toContain('a')
  expect(Object.keys(open.records)).not.toContain('b')
})
