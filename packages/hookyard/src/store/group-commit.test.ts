// Deliveries that arrive together are committed together, and nobody is answered before the commit.
import { expect, test } from 'vitest'
import { newDelivery } from '../../testing/store-contract/builders.ts'
import { createGroupCommit } from './group-commit.ts'
import type { Accepted, NewDelivery } from './store.ts'

interface Batch {
  readonly guids: readonly string[]
  commit(): void
  fail(error: Error): void
}

/** A store whose commits happen when the test says so. */
function manualStore() {
  const batches: Batch[] = []
  const accept = (batch: readonly NewDelivery[]) =>
    new Promise<Accepted[]>((resolve, reject) => {
      const guids = batch.map((delivery) => delivery.guid)
      const answers = guids.map((guid): Accepted => {
        return guid.startsWith('retry') ? { status: 'retried', runs: [guid] } : { status: 'accepted' }
      })
      batches.push({ guids, commit: () => resolve(answers), fail: reject })
    })
  return { batches, accept }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Lets the event loop turn until the store has been given so many batches. */
async function until(batches: readonly Batch[], count: number): Promise<Batch> {
  while (batches.length < count) await turn()
  return batches[count - 1] as Batch
}

test('calls of one turn of the event loop go together, each with its own answer', async () => {
  const { batches, accept } = manualStore()
  const group = createGroupCommit(accept)
  const answers = Promise.all(['a', 'retry-b', 'c'].map((guid) => group.accept(newDelivery(guid))))
  ;(await until(batches, 1)).commit()
  expect(await answers).toEqual([
    { status: 'accepted' },
    { status: 'retried', runs: ['retry-b'] },
    { status: 'accepted' },
  ])
  expect(batches.map(({ guids }) => guids)).toEqual([['a', 'retry-b', 'c']])
})

test('one batch is under way at a time; who comes meanwhile goes with the next', async () => {
  const { batches, accept } = manualStore()
  const group = createGroupCommit(accept)
  const answered: string[] = []
  const send = async (guid: string) => {
    await group.accept(newDelivery(guid))
    answered.push(guid)
  }
  const first = send('a')
  await until(batches, 1)
  const others = [send('b'), send('c')]
  await turn()
  await turn()
  expect(batches).toHaveLength(1)
  expect(answered).toEqual([])
  batches[0]?.commit()
  await first
  ;(await until(batches, 2)).commit()
  await Promise.all(others)
  expect(batches.map(({ guids }) => guids)).toEqual([['a'], ['b', 'c']])
})

test('a batch holds at most so many deliveries and bytes, and a larger delivery goes alone', async () => {
  const { batches, accept } = manualStore()
  const group = createGroupCommit(accept, { maxBatch: 3, maxBytes: 100 })
  const sizes = [10, 10, 10, 10, 90, 500, 60, 60]
  const answers = sizes.map((size, n) => group.accept(newDelivery(`${n}`, { body: new Uint8Array(size) })))
  for (const count of [1, 2, 3, 4, 5]) (await until(batches, count)).commit()
  await Promise.all(answers)
  expect(batches.map(({ guids }) => guids)).toEqual([['0', '1', '2'], ['3', '4'], ['5'], ['6'], ['7']])
})

test('when a batch cannot be stored its callers hear it, and the next ones are served', async () => {
  const { batches, accept } = manualStore()
  const group = createGroupCommit(accept)
  const lost = Promise.allSettled(['a', 'b'].map((guid) => group.accept(newDelivery(guid))))
  ;(await until(batches, 1)).fail(new Error('database or disk is full'))
  expect((await lost).map((result) => result.status === 'rejected' && String(result.reason))).toEqual([
    'Error: database or disk is full',
    'Error: database or disk is full',
  ])
  const kept = group.accept(newDelivery('c'))
  ;(await until(batches, 2)).commit()
  expect(await kept).toEqual({ status: 'accepted' })
})

test('a store that throws before it has a promise, or forgets an answer, does not leave callers waiting', async () => {
  const throwing = createGroupCommit(() => {
    throw new Error('closed')
  })
  await expect(throwing.accept(newDelivery('a'))).rejects.toThrow('closed')
  const forgetful = createGroupCommit(async () => [])
  await expect(forgetful.accept(newDelivery('a'))).rejects.toThrow('0 answers to 1 deliveries')
})

test.each([
  ['so many deliveries', { maxWaiting: 3 }],
  ['so many bytes', { maxWaitingBytes: 30 }],
])(
  'behind a disk that stalls %s wait, the others are refused at once, until it goes on',
  async (_name, limits) => {
    const { batches, accept } = manualStore()
    const group = createGroupCommit(accept, limits)
    const send = (guid: string) => group.accept(newDelivery(guid, { body: new Uint8Array(10) }))
    const kept = [send('a')]
    await until(batches, 1)
    kept.push(send('b'), send('c'))
    for (const guid of ['d', 'e']) await expect(send(guid)).rejects.toMatchObject({ code: 'full' })
    batches[0]?.commit()
    ;(await until(batches, 2)).commit()
    await Promise.all(kept)
    const after = send('d')
    ;(await until(batches, 3)).commit()
    expect(await after).toEqual({ status: 'accepted' })
    expect(batches.map(({ guids }) => guids)).toEqual([['a'], ['b', 'c'], ['d']])
  },
)

test('one delivery that is larger than all that may wait goes alone', async () => {
  const { batches, accept } = manualStore()
  const large = createGroupCommit(accept, { maxWaitingBytes: 5 }).accept(newDelivery('large'))
  ;(await until(batches, 1)).commit()
  expect(await large).toEqual({ status: 'accepted' })
})
