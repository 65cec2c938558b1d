// Memory that the main thread and the store's see at once. A buffer per batch that is made, handed over and collected
// cost the store's thread a garbage collection every 150 ms under load, and each delivery behind it 5 ms.

/** A batch that is larger gets a buffer of its own, in bytes. */
const MAX_BYTES = 8 * 1024 * 1024

export interface SharedMemory {
  /** So many bytes until `giveBack`; null: they are lent, or it were too many. */
  borrow(bytes: number): Uint8Array | null
  giveBack(): void
}

/** It grows as it is asked to. */
export function createSharedMemory(maxBytes = MAX_BYTES): SharedMemory {
  let memory = new Uint8Array(new SharedArrayBuffer(0))
  let lent = false
  return {
    borrow(bytes) {
      if (lent || bytes > maxBytes) return null
      if (bytes > memory.byteLength)
        memory = new Uint8Array(new SharedArrayBuffer(Math.min(bytes * 2, maxBytes)))
      lent = true
      return memory
    },
    giveBack() {
      lent = false
    },
  }
}
