/** Sleep that a call can end: until the next row is due, or until it is woken. */
export function createAlarm() {
  const sleepers = new Set<() => void>()
  let hasRung = false
  /** Resolves after `ms`, or on the next `ring`. */
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer)
        sleepers.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, ms)
      sleepers.add(wake)
    })
  return {
    pause,
    /** Resolves after `ms`, on `ring`, or at once when it has rung since the last `reset`. */
    sleep: (ms: number): Promise<void> => (hasRung ? Promise.resolve() : pause(ms)),
    /** Ends every sleep and pause. */
    ring() {
      hasRung = true
      for (const wake of [...sleepers]) wake()
    },
    /** Whether it has rung since the last `reset`. */
    rung: () => hasRung,
    reset: () => void (hasRung = false),
  }
}
