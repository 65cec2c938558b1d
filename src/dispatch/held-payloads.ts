// The payloads of deliveries that have just been accepted, as the bytes that came: read back from the database they
// would have to be unpacked and copied to this thread. Bytes and not the parsed object, since thousands of small
// objects that live for some ms are what garbage collections take long for. Only memory: what is not here is read.

import type { DeliveryStore, PendingDelivery } from '../store/store.ts'

/** Bytes that are held at the most. */
const MAX_BYTES = 16 * 1024 * 1024

export interface HeldPayloads {
  /** Keeps a payload while there is room; the oldest are dispatched first, so a newer one never displaces them. */
  hold(guid: string, body: Uint8Array): void
  has(guid: string): boolean
  /** The JSON, or undefined when it is not held. */
  get(guid: string): string | undefined
  /** The delivery is dispatched. */
  release(guid: string): void
  /** Nothing waits to be dispatched. */
  clear(): void
}

/** Nothing is held at first. */
export function createHeldPayloads(maxBytes = MAX_BYTES): HeldPayloads {
  const held = new Map<string, Uint8Array>()
  let sum = 0
  return {
    hold(guid, body) {
      if (sum + body.byteLength > maxBytes || held.has(guid)) return
      held.set(guid, body)
      sum += body.byteLength
    },
    has: (guid) => held.has(guid),
    get(guid) {
      const body = held.get(guid)
      return body && Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')
    },
    release(guid) {
      sum -= held.get(guid)?.byteLength ?? 0
      held.delete(guid)
    },
    clear() {
      held.clear()
      sum = 0
    },
  }
}

/** The payloads of those that are not held, by GUID; null: it is damaged, and the delivery was set aside as failed. */
export async function readMissing(
  held: Pick<HeldPayloads, 'has'>,
  deliveries: readonly PendingDelivery[],
  store: Pick<DeliveryStore, 'payloads'>,
): Promise<Map<string, string | null>> {
  const missing = deliveries.filter(({ guid }) => !held.has(guid))
  const texts = missing.length === 0 ? [] : await store.payloads(missing)
  return new Map(missing.map(({ guid }, position) => [guid, texts[position] ?? null]))
}
