// The payloads of deliveries that have just been accepted, as intake parsed them: read back from the database, they
// would have to be unpacked, copied to this thread and parsed again. Only memory: what is not here is read.

/** Bytes of JSON that are held at the most; parsed, they take several times as much. */
const MAX_BYTES = 8 * 1024 * 1024

export interface HeldPayloads {
  /** Keeps a payload while there is room; the oldest are dispatched first, so a newer one never displaces them. */
  hold(guid: string, payload: unknown, bytes: number): void
  get(guid: string): unknown
  /** The delivery is dispatched. */
  release(guid: string): void
  /** Nothing waits to be dispatched. */
  clear(): void
}

/** Nothing is held at first. */
export function createHeldPayloads(maxBytes = MAX_BYTES): HeldPayloads {
  const held = new Map<string, { readonly payload: unknown; readonly bytes: number }>()
  let sum = 0
  return {
    hold(guid, payload, bytes) {
      if (sum + bytes > maxBytes || held.has(guid)) return
      held.set(guid, { payload, bytes })
      sum += bytes
    },
    get: (guid) => held.get(guid)?.payload,
    release(guid) {
      sum -= held.get(guid)?.bytes ?? 0
      held.delete(guid)
    },
    clear() {
      held.clear()
      sum = 0
    },
  }
}
