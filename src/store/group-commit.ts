// Deliveries that arrive together are committed together: one sync to disk for all of them. Each caller is
// answered after the commit that holds its delivery, never before.
import type { Accepted, NewDelivery } from './store.ts'

export interface GroupCommit {
  /** Resolves once the delivery is on disk; rejects when its batch could not be stored. */
  accept(delivery: NewDelivery): Promise<Accepted>
}

export interface GroupCommitLimits {
  /** Deliveries in one batch. */
  readonly maxBatch?: number
  /** Bytes of payload in one batch; one delivery may be larger. */
  readonly maxBytes?: number
}

interface Caller {
  readonly delivery: NewDelivery
  readonly resolve: (accepted: Accepted) => void
  readonly reject: (error: unknown) => void
}

/** Gathers calls into batches for `accept`, at most one of them under way. */
export function createGroupCommit(
  accept: (batch: readonly NewDelivery[]) => Promise<Accepted[]>,
  { maxBatch = 512, maxBytes = 64 * 1024 * 1024 }: GroupCommitLimits = {},
): GroupCommit {
  let waiting: Caller[] = []
  let busy = false

  async function work(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, batchSize(waiting, maxBatch, maxBytes))
      waiting = waiting.slice(batch.length)
      await commit(batch, accept)
    }
    busy = false
  }

  return {
    accept: (delivery) =>
      new Promise((resolve, reject) => {
        waiting.push({ delivery, resolve, reject })
        if (busy) return
        busy = true
        // setImmediate: after all the requests that this turn of the event loop has read.
        setImmediate(() => void work())
      }),
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
