// What crosses between the main thread and the store's thread.
import type { NewDelivery, Store } from '../store.ts'

/** What the store's thread is started with. */
export interface ThreadData {
  readonly file: string
  readonly readOnly: boolean
  /** ms since the epoch. */
  readonly now: number
}

export type Stages = Omit<Store, 'ping' | 'close'>

/** `method`: `stage.method`, `ping` or `close`. */
export interface Request {
  readonly id: number
  readonly method: string
  readonly args: readonly unknown[]
}

export interface SentError {
  readonly code: string
  readonly message: string
}

export type Report =
  /** The file is open; these methods of each stage can be called. */
  | { readonly kind: 'ready'; readonly methods: Readonly<Record<keyof Stages, readonly string[]>> }
  | { readonly kind: 'refused'; readonly error: SentError }
  | { readonly kind: 'value'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: SentError }
  | {
      readonly kind: 'log'
      readonly level: 'debug' | 'info' | 'warn' | 'error'
      readonly fields: Record<string, unknown>
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
  const { body: bytes, excerpt: _, ...delivery } = only
  const isWhole = bytes.buffer instanceof ArrayBuffer && bytes.buffer.byteLength === bytes.byteLength
  return isWhole ? { deliveries: [delivery], lengths: [bytes.byteLength], bytes } : null
}

/** The batch again; the bodies are views into the one buffer. */
export function unpackBatch({ deliveries, lengths, bytes }: PackedBatch): NewDelivery[] {
  let end = 0
  return deliveries.map((delivery, position) => {
    const start = end
    end += lengths[position] ?? 0
    return { ...delivery, body: bytes.subarray(start, end) }
  })
}
