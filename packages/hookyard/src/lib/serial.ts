/** Runs functions one after another per key; those of different keys side by side. */
export type Serial = <T>(key: string, act: () => Promise<T>) => Promise<T>

/** A fresh set of queues; an empty one is forgotten. */
export function createSerial(): Serial {
  const tails = new Map<string, Promise<unknown>>()
  return async (key, act) => {
    const before = tails.get(key) ?? Promise.resolve()
    // What came before may have failed; that is its caller's matter.
    const mine = before.then(act, act)
    tails.set(key, mine)
    try {
      return await mine
    } finally {
      if (tails.get(key) === mine) tails.delete(key)
    }
  }
}
