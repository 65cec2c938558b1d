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
  /** Deliveries in one batch, and bytes of their payloads; one delivery may be larger. */
  readonly maxBatch?: number
  readonly maxBytes?: number
  /** Deliveries that wait, the batch under way included, and their bytes; one delivery may be larger. */
  readonly maxWaiting?: number
  readonly maxWaitingBytes?: number
}

const MIB = 1_048_576

/** Gathers calls into batches for `accept`, at most one of them under way. */
export function createGroupCommit(
  accept: (batch: readonly NewDelivery[]) => Promise<Accepted[]>,
  limits: GroupCommitLimits = {},
): GroupCommit {
  const { maxBatch = 512, maxBytes = 64 * MIB, maxWaiting = 10_000, maxWaitingBytes = 128 * MIB } = limits
  const waiting: (PromiseWithResolvers<Accepted> & { readonly delivery: NewDelivery })[] = []
  let busy = false
  let count = 0
  let bytes = 0

  async function work(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.splice(0, batchSize())
      try {
        const answers = await accept(batch.map((caller) => caller.delivery))
        const missing = `the store gave ${answers.length} answers to ${batch.length} deliveries`
        for (const [position, caller] of batch.entries()) {
          const answer = answers[position]
          if (answer) caller.resolve(answer)
          else caller.reject(new Error(missing))
        }
      } catch (error) {
        for (const caller of batch) caller.reject(error)
      }
    }
    busy = false
  }

  function batchSize(): number {
    let size = 0
    const end = waiting.findIndex(({ delivery }, position) => {
      size += delivery.body.byteLength
      return position > 0 && (position === maxBatch || size > maxBytes)
    })
    return end < 0 ? waiting.length : end
  }

  return {
    async accept(delivery) {
      const size = delivery.body.byteLength
      if (count >= maxWaiting || (count > 0 && bytes + size > maxWaitingBytes)) {
        const full = `${count} deliveries of ${Math.round(bytes / MIB)} MiB wait for the disk`
        throw new StoreError('full', full)
      }
      count += 1
      bytes += size
      const caller = { delivery, ...Promise.withResolvers<Accepted>() }
      waiting.push(caller)
      // setImmediate: after all the requests that this turn of the event loop has read.
      if (!busy) setImmediate(() => void work())
      busy = true
      try {
        return await caller.promise
      } finally {
        count -= 1
        bytes -= size
      }
    },
  }
}
