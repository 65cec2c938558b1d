// The payloads of deliveries that have just been accepted, as the bytes that came: read back from the database they
// would have to be unpacked and copied to this thread. Copied into memory that is never given back: buffers that live
// until they are dispatched grow old, and what collects the old ones walks the whole heap. Only memory: what is not
// here is read.

/** One piece of memory, in bytes; a larger payload is not kept. */
const SHELF_BYTES = 1024 * 1024
/** So many at the most. */
const MAX_SHELVES = 16

/** Payloads one behind the other; used afresh when the last of them is released. */
interface Shelf {
  readonly memory: Buffer
  used: number
  kept: number
}

export class PayloadCache {
  readonly #places = new Map<
    string,
    { readonly shelf: Shelf; readonly start: number; readonly end: number }
  >()
  readonly #shelves: Shelf[] = []
  readonly #maxShelves: number
  readonly #shelfBytes: number
  #current: Shelf | undefined

  constructor(maxShelves = MAX_SHELVES, shelfBytes = SHELF_BYTES) {
    this.#maxShelves = maxShelves
    this.#shelfBytes = shelfBytes
  }

  /** Keeps a payload while there is room; the oldest are dispatched first, so a newer one never displaces them. */
  keep(guid: string, body: Uint8Array): void {
    const shelf = this.#places.has(guid) ? undefined : this.#shelfFor(body.byteLength)
    if (!shelf) return
    const start = shelf.used
    shelf.memory.set(body, start)
    shelf.used += body.byteLength
    shelf.kept += 1
    this.#places.set(guid, { shelf, start, end: shelf.used })
  }

  has(guid: string): boolean {
    return this.#places.has(guid)
  }

  /** The JSON, or undefined when it is not kept. */
  get(guid: string): string | undefined {
    const place = this.#places.get(guid)
    return place?.shelf.memory.toString('utf8', place.start, place.end)
  }

  /** The delivery is dispatched. */
  release(guid: string): void {
    const place = this.#places.get(guid)
    if (place) place.shelf.kept -= 1
    this.#places.delete(guid)
  }

  /** Nothing waits to be dispatched. */
  clear(): void {
    this.#places.clear()
    for (const shelf of this.#shelves) shelf.kept = shelf.used = 0
  }

  #shelfFor(bytes: number): Shelf | undefined {
    if (bytes > this.#shelfBytes) return undefined
    if (this.#current && this.#current.used + bytes <= this.#shelfBytes) return this.#current
    const free = this.#shelves.find(({ kept }) => kept === 0)
    if (free) free.used = 0
    else if (this.#shelves.length === this.#maxShelves) return undefined
    else this.#shelves.push({ memory: Buffer.allocUnsafeSlow(this.#shelfBytes), used: 0, kept: 0 })
    this.#current = free ?? this.#shelves.at(-1)
    return this.#current
  }
}
