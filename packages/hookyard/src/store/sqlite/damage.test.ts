// A damaged row stops nobody but itself, and a disk that is full keeps nothing by halves.
import type SqliteConnection from 'better-sqlite3'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLog } from '../../lib/log.ts'
import {
  claim,
  claimedIds,
  dispatch,
  finished,
  newDelivery,
  newMessage,
  newRun,
  REVIEW,
} from '../../../testing/store-contract/builders.ts'
import { createStore } from '../create-store.ts'
import type { Store } from '../store.ts'
import { deliveryWrites } from './accept.ts'
import { openForWriting } from './connection.ts'

let folder: string
let connection: SqliteConnection.Database
let store: Store
let logged: string[]

// The store without its thread, so that the test can reach into the file.
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hookyard-damage-'))
  const open = await openForWriting(join(folder, 'hookyard.db'))
  connection = open.connection
  logged = []
  const log = { ...silentLog, error: (_fields: object, message: string) => logged.push(message) }
  store = createStore(open.db, deliveryWrites(connection), log)
})

afterEach(async () => {
  await store.close()
  await rm(folder, { recursive: true })
})

/** Ruins the stored payload of a delivery. */
const ruinPayload = (guid: string) =>
  connection
    .prepare(
      `update payloads set body = x'ff00ff' where delivery_id = (select id from deliveries where guid = ?)`,
    )
    .run(guid)

test('a delivery with a damaged payload is marked as failed, the others come through', async () => {
  await store.deliveries.accept(['a', 'b', 'c'].map((guid) => newDelivery(guid)))
  ruinPayload('a')
  ruinPayload('b')
  const pending = await store.deliveries.pending(10)
  expect(await store.deliveries.payloads(pending)).toEqual([null, null, '{"guid":"c","note":"grüße"}'])
  const failed = await store.deliveries.get('a')
  expect(failed).toMatchObject({
    status: 'failed',
    error: expect.stringMatching(/payload cannot be read: .+/),
  })
  expect((await store.deliveries.pending(10)).map(({ guid }) => guid)).toEqual(['c'])
  await expect(store.deliveries.payload('b')).rejects.toThrow('payload of delivery b cannot be read')
  expect(logged).toHaveLength(2)
})

test('a run whose delivery is damaged fails at its claim, closes its window, and others are claimed', async () => {
  const runs = [newRun('r1', { delivery: 'a', cooldownMs: 5_000 }), newRun('r2', { entity: 'o/r#1' })]
  await dispatch(store, 'a', { runs })
  ruinPayload('a')
  expect(await claimedIds(store, 1_000, 1)).toEqual(['r2'])
  expect(await store.runs.get('r1')).toMatchObject({
    status: 'failed',
    reason: 'unreadable',
    error: expect.stringContaining('cannot be read'),
    finishedAt: 1_000,
  })
  expect((await store.deliveries.entityStates([REVIEW]))[0]).toMatchObject({
    windowUntil: null,
    unfinished: [],
  })
  expect((await store.runs.unjournaled(10)).map(({ id }) => id)).toEqual(['r1'])
  expect(logged).toHaveLength(1)
})

test('a run with a damaged row is shown with what can be read, and lists go on', async () => {
  await store.runs.create(newRun('r1'))
  await store.runs.create(newRun('r2', { entity: 'o/r#1' }))
  await claim(store, 1_000)
  for (const id of ['r1', 'r2']) await store.runs.settle('me', finished(id))
  connection.exec(`update runs set details = '{"findings": 2', "trigger" = '' where id = 'r1'`)
  const shown = await store.runs.unjournaled(10)
  expect(shown).toMatchObject([
    { id: 'r1', summary: 'fine', details: null, error: expect.stringContaining('row is damaged') },
    { id: 'r2', details: { findings: 2 }, error: null },
  ])
  expect(await store.runs.list({ limit: 10 })).toEqual(shown.toReversed())
})

test('a damaged message becomes a dead letter, and the one behind it comes at once', async () => {
  await store.outbox.add([newMessage('1', { runId: 'r1' }), newMessage('2')])
  connection.exec(`update outbox set message = '{' where id = 1`)
  expect((await store.outbox.due(1_000, 10)).map(({ id }) => id)).toEqual([2])
  expect(await store.outbox.ofRun('r1')).toMatchObject([
    { status: 'dead', lastError: 'the stored message is damaged' },
  ])
})

test('on a full disk a batch is refused whole, what was there stays, and with room again it is accepted', async () => {
  await store.deliveries.accept([newDelivery('before')])
  const pages = connection.pragma('page_count', { simple: true }) as number
  connection.pragma(`max_page_count = ${pages + 20}`)
  // Noise does not compress: the first ones fit, and the last one does not.
  const noise = () => crypto.getRandomValues(new Uint8Array(20_000))
  const batch = ['a', 'b', 'c', 'd', 'e', 'f'].map((guid) => newDelivery(guid, { body: noise() }))
  await expect(store.deliveries.accept(batch)).rejects.toMatchObject({ code: 'SQLITE_FULL' })
  for (const { guid } of batch) expect(await store.deliveries.get(guid)).toBeNull()
  expect((await store.deliveries.pending(10)).map(({ guid }) => guid)).toEqual(['before'])
  const [first] = batch
  if (first) expect(await store.deliveries.accept([first])).toEqual([{ status: 'accepted' }])
  connection.pragma('max_page_count = 1000000')
  expect((await store.deliveries.accept(batch)).map(({ status }) => status)).toEqual([
    'duplicate',
    ...Array.from({ length: 5 }, () => 'accepted'),
  ])
})

test('a failing plan on a full disk leaves the delivery to be dispatched later', async () => {
  await store.deliveries.accept([newDelivery('a')])
  connection.pragma(`max_page_count = ${connection.pragma('page_count', { simple: true })}`)
  const runs = Array.from({ length: 2_000 }, (_, n) => newRun(`r${n}`, { entity: `o/r#${n}` }))
  await expect(dispatch(store, 'b', { runs })).rejects.toMatchObject({ code: 'SQLITE_FULL' })
  expect(await store.runs.list({ limit: 10 })).toEqual([])
  expect((await store.deliveries.pending(10)).map(({ guid }) => guid)).toContain('a')
})
