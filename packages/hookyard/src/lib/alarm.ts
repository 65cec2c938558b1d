// Sleep that a call can end: the outbox sleeps until the next row is due, or until it is woken.

export interface Alarm {
  /** Resolves after `ms`, on `ring`, or at once when it has rung since the last `reset`. */
  sleep(ms: number): Promise<void>
  /** Resolves after `ms`, or on the next `ring`. */
  pause(ms: number): Promise<void>
  /** Ends every sleep and pause. */
  ring(): void
  /** Whether it has rung since the last `reset`. */
  rung(): boolean
  reset(): void
}

/** An alarm that has not rung. */
export function createAlarm(): Alarm {
  const sleepers = new Set<() => void>()
  let hasRung = false

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer)
        sleepers.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, ms)
      sleepers.add(wake)
    })
  }

  return {
    sleep: (ms) => (hasRung ? Promise.resolve() : pause(ms)),
    pause,
    ring() {
      hasRung = true
      for (const wake of [...sleepers]) wake()
    },
    rung: () => hasRung,
    reset() {
      hasRung = false
    },
  }
}
