// What crosses between the main thread and the store's thread.
import type { NewDelivery } from '../store.ts'

/** What the store's thread is started with. */
export interface ThreadData {
  readonly file: string
  readonly readOnly: boolean
  /** ms since the epoch. */
  readonly now: number
}

export interface Request {
  readonly id: number
  /** `stage.method`, `ping` or `close`. */
  readonly method: string
  readonly args: readonly unknown[]
}

export type Report =
  /** The file is open; these methods can be called. */
  | { readonly kind: 'ready'; readonly methods: readonly string[] }
  | { readonly kind: 'refused'; readonly error: WireError }
  | { readonly kind: 'value'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: WireError }
  | {
      readonly kind: 'log'
      readonly level: 'debug' | 'info' | 'warn' | 'error'
      readonly fields: Record<string, unknown>
      readonly message: string
    }

export interface WireError {
  readonly code: string
  readonly message: string
}

/** A batch with all its bodies in one piece: one buffer for hundreds. */
export interface PackedBatch {
  readonly deliveries: readonly Omit<NewDelivery, 'body' | 'excerpt'>[]
  readonly lengths: readonly number[]
  readonly bytes: Uint8Array
}

/** How many bytes the bodies of a batch have. */
export const bytesOf = (batch: readonly NewDelivery[]): number =>
  batch.reduce((sum, delivery) => sum + delivery.body.byteLength, 0)

/** Copies the bodies into `bytes`, which has room for them. */
export function packBatch(batch: readonly NewDelivery[], bytes: Uint8Array): PackedBatch {
  let offset = 0
  const deliveries = batch.map(({ body, excerpt: _, ...delivery }) => {
    bytes.set(body, offset)
    offset += body.byteLength
    return delivery
  })
  return { deliveries, lengths: batch.map((delivery) => delivery.body.byteLength), bytes }
}

/** A large delivery alone: its body is given away, not copied, since its excerpt is all that is looked at later. null: it is none. */
export function packLarge([only, ...others]: readonly NewDelivery[]): PackedBatch | null {
  if (!only?.excerpt || others.length > 0) return null
  const { body, excerpt: _, ...delivery } = only
  const isWhole = body.buffer instanceof ArrayBuffer && body.buffer.byteLength === body.byteLength
  return isWhole ? { deliveries: [delivery], lengths: [body.byteLength], bytes: body } : null
}

/** The batch again; the bodies are views into the one buffer. */
export function unpackBatch({ deliveries, lengths, bytes }: PackedBatch): NewDelivery[] {
  let offset = 0
  return deliveries.map((delivery, position) => {
    const end = offset + (lengths[position] ?? 0)
    const body = bytes.subarray(offset, end)
    offset = end
    return { ...delivery, body }
  })
}
