// Deliveries that arrive together are committed together: one sync to disk for all of them. Each caller is
// answered after the commit that holds its delivery, never before. Behind a disk that stalls only so many wait.
import { type Accepted, type NewDelivery, StoreError } from './store.ts'

export interface GroupCommit {
  /**
   * Resolves once the delivery is on disk; rejects when its batch could not be stored, and at once with StoreError `full`
   * when too many wait.
   */
  accept(delivery: NewDelivery): Promise<Accepted>
}

export interface GroupCommitLimits {
  /** Deliveries in one batch. */
  readonly maxBatch?: number
  /** Bytes of payload in one batch; one delivery may be larger. */
  readonly maxBytes?: number
  /** Deliveries that wait, the batch under way included. */
  readonly maxWaiting?: number
  /** Their bytes; one delivery may be larger. */
  readonly maxWaitingBytes?: number
}

interface Caller {
  readonly delivery: NewDelivery
  readonly resolve: (accepted: Accepted) => void
  readonly reject: (error: unknown) => void
}

const MIB = 1_048_576

/** Gathers calls into batches for `accept`, at most one of them under way. */
export function createGroupCommit(
  accept: (batch: readonly NewDelivery[]) => Promise<Accepted[]>,
  {
    maxBatch = 512,
    maxBytes = 64 * MIB,
    maxWaiting = 10_000,
    maxWaitingBytes = 128 * MIB,
  }: GroupCommitLimits = {},
): GroupCommit {
  let waiting: Caller[] = []
  let busy = false
  let count = 0
  let bytes = 0

  async function work(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, batchSize(waiting, maxBatch, maxBytes))
      waiting = waiting.slice(batch.length)
      await commit(batch, accept)
    }
    busy = false
  }

  const enqueue = (delivery: NewDelivery): Promise<Accepted> =>
    new Promise((resolve, reject) => {
      waiting.push({ delivery, resolve, reject })
      if (busy) return
      busy = true
      // setImmediate: after all the requests that this turn of the event loop has read.
      setImmediate(() => void work())
    })

  return {
    async accept(delivery) {
      const size = delivery.body.byteLength
      if (count >= maxWaiting || (count > 0 && bytes + size > maxWaitingBytes)) {
        throw new StoreError(
          'full',
          `${count} deliveries of ${Math.round(bytes / MIB)} MiB wait for the disk`,
        )
      }
      count += 1
      bytes += size
      try {
        return await enqueue(delivery)
      } finally {
        count -= 1
        bytes -= size
      }
    },
  }
}

function batchSize(waiting: readonly Caller[], maxBatch: number, maxBytes: number): number {
  let bytes = 0
  for (const [position, { delivery }] of waiting.entries()) {
    bytes += delivery.body.byteLength
    if (position > 0 && (position === maxBatch || bytes > maxBytes)) return position
  }
  return waiting.length
}

async function commit(
  batch: readonly Caller[],
  accept: (batch: readonly NewDelivery[]) => Promise<Accepted[]>,
): Promise<void> {
  try {
    const answers = await accept(batch.map((caller) => caller.delivery))
    for (const [position, caller] of batch.entries()) {
      const answer = answers[position]
      if (answer) caller.resolve(answer)
      else caller.reject(new Error(`the store gave ${answers.length} answers to ${batch.length} deliveries`))
    }
  } catch (error) {
    for (const caller of batch) caller.reject(error)
  }
}
