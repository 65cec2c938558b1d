// The payloads of deliveries that have just been accepted, as the bytes that came: read back from the database they
// would have to be unpacked and copied to this thread. Copied into memory that is never given back: buffers that live
// until they are dispatched grow old, and what collects the old ones walks the whole heap. Only memory: what is not
// here is read.

import type { DeliveryStore, PendingDelivery } from '../store/store.ts'

/** One piece of memory, in bytes; a larger payload is not held. */
const SHELF_BYTES = 1024 * 1024
/** So many at the most. */
const MAX_SHELVES = 16

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

/** Payloads one behind the other; used afresh when the last of them is released. */
interface Shelf {
  readonly memory: Buffer
  used: number
  held: number
}

interface Place {
  readonly shelf: Shelf
  readonly start: number
  readonly end: number
}

/** Nothing is held at first, and no memory is taken. */
export function createHeldPayloads(maxShelves = MAX_SHELVES, shelfBytes = SHELF_BYTES): HeldPayloads {
  const places = new Map<string, Place>()
  const shelves: Shelf[] = []
  let current: Shelf | undefined

  function shelfFor(bytes: number): Shelf | undefined {
    if (bytes > shelfBytes) return undefined
    if (current && current.used + bytes <= shelfBytes) return current
    const free = shelves.find(({ held }) => held === 0)
    if (free) free.used = 0
    else if (shelves.length === maxShelves) return undefined
    else shelves.push({ memory: Buffer.allocUnsafeSlow(shelfBytes), used: 0, held: 0 })
    current = free ?? shelves.at(-1)
    return current
  }

  return {
    hold(guid, body) {
      if (places.has(guid)) return
      const shelf = shelfFor(body.byteLength)
      if (!shelf) return
      const start = shelf.used
      shelf.memory.set(body, start)
      shelf.used += body.byteLength
      shelf.held += 1
      places.set(guid, { shelf, start, end: shelf.used })
    },
    has: (guid) => places.has(guid),
    get(guid) {
      const place = places.get(guid)
      return place?.shelf.memory.toString('utf8', place.start, place.end)
    },
    release(guid) {
      const place = places.get(guid)
      if (!place) return
      places.delete(guid)
      place.shelf.held -= 1
    },
    clear() {
      places.clear()
      for (const shelf of shelves) shelf.held = shelf.used = 0
    },
  }
}
/**
 * The payloads of the first of those that are not held, by GUID: as many as the store reads at once. null: it is damaged,
 * and the delivery was set aside as failed.
 */
export async function readMissing(
  held: Pick<HeldPayloads, 'has'>,
  deliveries: readonly PendingDelivery[],
  store: Pick<DeliveryStore, 'payloads'>,
): Promise<Map<string, string | null>> {
  const missing = deliveries.filter(({ guid }) => !held.has(guid))
  const texts = missing.length === 0 ? [] : await store.payloads(missing)
  return new Map(missing.slice(0, texts.length).map(({ guid }, position) => [guid, texts[position] ?? null]))
}
