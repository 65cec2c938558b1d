// What a start has opened, so that a stop and a start that fails halfway close the same things in the same order.
import { toError } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'

export interface Opened {
  /** `name` is for the log alone. */
  add(name: string, close: () => Promise<unknown>): void
  /**
   * Closes everything, what was opened last first. What cannot be closed keeps nothing else open.
   * @throws Error the first that came of it
   */
  close(): Promise<void>
}

/** Nothing is open. */
export function createOpened(log: Log): Opened {
  const steps: { name: string; close: () => Promise<unknown> }[] = []
  return {
    add: (name, close) => void steps.push({ name, close }),
    async close() {
      const errors: Error[] = []
      for (let step; (step = steps.pop());) {
        try {
          await step.close()
        } catch (thrown) {
          const err = toError(thrown)
          errors.push(err)
          log.error({ err, part: step.name }, 'a part of the service could not be closed; the others are')
        }
      }
      if (errors[0]) throw errors[0]
    },
  }
}
