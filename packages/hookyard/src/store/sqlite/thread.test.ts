// The store's thread: what fails in it reaches the caller, and when it dies nobody waits for ever.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { silentLog, type Log } from '../../lib/log.ts'
import { newDelivery, newRun } from '../../../testing/store-contract/builders.ts'
import { connectThread, openSqliteStore } from './open.ts'

import { bytesOf, packBatch, unpackBatch } from './thread-messages.ts'

/** A thread that speaks the store's protocol and does `body` with each request. */
const STAGES = 'deliveries effects outbox schedules leases overview switches chat retention'.split(' ')
const METHODS = { ...Object.fromEntries(STAGES.map((stage) => [stage, []])), runs: ['nextDue', 'get'] }

const threadThat = (body: string, before = '') =>
  new Worker(
    `const { parentPort } = require('node:worker_threads')
     ${before}
     parentPort.on('message', (request) => { ${body} })
     parentPort.postMessage({ kind: 'ready', methods: ${JSON.stringify(METHODS)} })`,
    { eval: true },
  )

function recordingLog(): { log: Log; errors: unknown[] } {
  const errors: unknown[] = []
  return { log: { ...silentLog, error: (fields, message) => errors.push([message, fields]) }, errors }
}

test.each([
  [
    'throws',
    `setTimeout(() => { throw new Error('no memory left') })`,
    /ended unexpectedly \(no memory left\)/,
  ],
  ['exits', 'process.exit(3)', /ended unexpectedly \(it ended without a word\)/],
])(
  'when the thread %s, calls under way and later ones reject, and the log says it',
  async (_how, body, words) => {
    const { log, errors } = recordingLog()
    const store = await connectThread(threadThat(`if (request.method === 'runs.get') { ${body} }`), log)
    const calls = [store.ping(), store.runs.nextDue(), store.runs.get('r1')]
    for (const call of await Promise.allSettled(calls)) {
      expect(call).toMatchObject({ status: 'rejected', reason: { name: 'StoreError', code: 'died' } })
    }
    await expect(store.ping()).rejects.toThrow(words)
    await expect(store.ping()).rejects.toThrow(/what was answered is on disk; restart the service/)
    await expect(store.close()).rejects.toMatchObject({ code: 'died' })
    expect(errors).toHaveLength(1)
  },
)

test('a thread that dies before it is ready makes the opening fail', async () => {
  const opening = connectThread(threadThat('', `throw new Error('cannot load')`), silentLog)
  await expect(opening).rejects.toThrow(/ended unexpectedly \(cannot load\)/)
})

test('an answer goes to the call that asked, whatever the order', async () => {
  const answerInReverse = `
    held.push(request)
    if (held.length === 3) for (const { id, args } of held.reverse()) parentPort.postMessage({ kind: 'value', id, value: args[0] })`
  const thread = threadThat(answerInReverse, 'const held = []')
  const store = await connectThread(thread, silentLog)
  expect(await Promise.all(['a', 'b', 'c'].map((id) => store.runs.get(id)))).toEqual(['a', 'b', 'c'])
  await thread.terminate()
})

test('an error keeps its message and its code on the way, and the store goes on', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hookyard-thread-'))
  const store = await openSqliteStore({ file: join(folder, 'hookyard.db') })
  await store.runs.create(newRun('r1'))
  await expect(store.runs.create(newRun('r1'))).rejects.toMatchObject({
    name: 'StoreError',
    code: 'SQLITE_CONSTRAINT_PRIMARYKEY',
    message: 'UNIQUE constraint failed: runs.id',
  })
  await expect(store.runs.create(newRun('r2', { input: () => 'a function' }))).rejects.toThrow(
    /could not be cloned/,
  )
  expect(await store.runs.get('r1')).toMatchObject({ id: 'r1' })
  await store.close()
  await rm(folder, { recursive: true })
})

test('calls are done in the order in which they were made, one after the other', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hookyard-thread-'))
  const store = await openSqliteStore({ file: join(folder, 'hookyard.db') })
  const created = store.runs.create(newRun('r1'))
  const claimed = store.runs.claim('me', 1, 1_000, 9_000)
  const accepted = store.deliveries.accept([newDelivery('a')])
  const pending = store.deliveries.pending(1)
  const closed = store.close()
  expect(await created).toMatchObject({ status: 'created' })
  expect(await claimed).toMatchObject([{ id: 'r1' }])
  expect(await accepted).toEqual([{ status: 'accepted' }])
  expect(await pending).toMatchObject([{ guid: 'a' }])
  await closed
  await rm(folder, { recursive: true })
})

test('a delivery that is to be accepted does not wait for what was asked before it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hookyard-thread-'))
  const store = await openSqliteStore({ file: join(folder, 'hookyard.db') })
  const order: string[] = []
  const told = (what: string) => () => void order.push(what)
  const asked = Array.from({ length: 20 }, () => store.runs.nextDue().then(told('asked')))
  const accepted = store.deliveries.accept([newDelivery('a')]).then(told('accepted'))
  await Promise.all([...asked, accepted])
  expect(order.indexOf('accepted')).toBeLessThan(20)
  await store.close()
  await rm(folder, { recursive: true })
})

test('a batch is the same after packing', () => {
  const slab = Buffer.from('0123456789')
  const batch = [slab.subarray(2, 5), new Uint8Array(), slab.subarray(5)].map((body, n) =>
    newDelivery(`${n}`, { body }),
  )
  expect(bytesOf(batch)).toBe(8)
  const packed = packBatch(batch, new Uint8Array(20))
  const texts = unpackBatch(packed).map(({ guid, body }) => [guid, Buffer.from(body).toString()])
  expect(texts).toEqual([
    ['0', '234'],
    ['1', ''],
    ['2', '56789'],
  ])
})

test('batches that are accepted at the same time keep their own payloads, small ones and large ones', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hookyard-thread-'))
  const store = await openSqliteStore({ file: join(folder, 'hookyard.db') })
  const sizes = [10, 1_000, 9_000_000, 20, 0, 500]
  const bodies = sizes.map((size, n) => Buffer.alloc(size, `${n}`))
  const batches = bodies.map((body, n) => [newDelivery(`d-${n}`, { body })])
  await Promise.all(batches.map((batch) => store.deliveries.accept(batch)))
  for (const [n, body] of bodies.entries())
    expect((await store.deliveries.payload(`d-${n}`)) === body.toString(), `d-${n}`).toBe(true)
  await store.close()
  await rm(folder, { recursive: true })
})

test('a large delivery whose excerpt is at hand is given away without a copy; a view of shared memory is not', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hookyard-thread-'))
  const store = await openSqliteStore({ file: join(folder, 'hookyard.db') })
  const excerpt = Buffer.from('{}')
  const whole = Buffer.alloc(9_000_000, 'w')
  const view = Buffer.alloc(9_000_002, 'v').subarray(1, -1)
  await store.deliveries.accept([newDelivery('whole', { body: whole, excerpt })])
  await store.deliveries.accept([newDelivery('view', { body: view, excerpt })])
  expect([whole.byteLength, view.byteLength]).toEqual([0, 9_000_000])
  expect((await store.deliveries.payload('whole')) === 'w'.repeat(9_000_000)).toBe(true)
  expect((await store.deliveries.payload('view')) === 'v'.repeat(9_000_000)).toBe(true)
  await store.close()
  await rm(folder, { recursive: true })
})
