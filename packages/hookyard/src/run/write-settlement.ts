// A settlement into the store. What the store cannot take now is written later: the work behind it is done and must not
// be repeated. What it can never take, because of what the module said, ends without that.
import { toError } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import { isStoreFailure } from '../store/port/store-error.ts'
import type { ClaimedRun, RunStore, Settlement } from '../store/store.ts'

/** The pause after an error of the store, in ms. */
export const STORE_RETRY_MS = 1_000

export interface WriteOptions {
  readonly store: Pick<RunStore, 'settle'>
  /** How a run ends whose own settlement could not be made or written, for good. */
  readonly unwritable: (run: ClaimedRun, error: Error) => Settlement
  /** This process, as the owner of its leases. */
  readonly owner: string
  readonly log: Log
}

/**
 * Answers what was written, or dropped because the lease was lost.
 * @throws the store's error when `isOver`; what is thrown when not even the end without the module's words can be written.
 */
export async function writeSettlement(
  { store, unwritable, owner, log }: WriteOptions,
  run: ClaimedRun,
  made: Promise<Settlement>,
  isOver: () => boolean,
): Promise<Settlement> {
  const giveUp = (thrown: unknown): Settlement => {
    log.error({ err: toError(thrown), run: run.id }, 'what a run ended with cannot be stored')
    return unwritable(run, toError(thrown))
  }
  let givenUp = false
  let settlement = await made.catch((thrown: unknown) => {
    givenUp = true
    return giveUp(thrown)
  })
  for (;;) {
    try {
      const held = await store.settle(owner, settlement)
      if (!held) log.warn({ run: run.id }, 'the lease of this run was lost; its settlement is dropped')
      return settlement
    } catch (thrown) {
      if (isStoreFailure(thrown)) {
        log.error({ err: toError(thrown), run: run.id }, 'the settlement could not be written; tried again')
        if (isOver()) throw thrown
        await new Promise((resolve) => setTimeout(resolve, STORE_RETRY_MS))
      } else if (givenUp) throw thrown
      else {
        givenUp = true
        settlement = giveUp(thrown)
      }
    }
  }
}
