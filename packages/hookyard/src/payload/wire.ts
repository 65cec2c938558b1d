// What crosses between the main thread and the thread of the large payloads.
import type { Described } from '../entity/entity.ts'
import type { Code } from '../lib/errors.ts'

export type Question =
  | {
      readonly kind: 'describe'
      readonly event: string
      readonly body: Uint8Array<ArrayBuffer>
      readonly isForm: boolean
    }
  | { readonly kind: 'shorten'; readonly text: string }

export type Answer =
  | {
      readonly kind: 'described'
      readonly described: Described
      readonly json: Uint8Array<ArrayBuffer>
      /** Its first values. */
      readonly excerpt: string
    }
  | { readonly kind: 'shortened'; readonly text: string }
  /** The sender's fault. */
  | { readonly kind: 'refused'; readonly code: Code; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string }
