// The port's part for what is written outside (store.ts holds the words).

export interface EffectKey {
  readonly module: string
  readonly entity: string
  /** The verb: comment, review, label, check … */
  readonly kind: string
  readonly key: string
}

export interface Effect {
  readonly status: 'intended' | 'done'
  /** Hash of what was written last. */
  readonly fingerprint: string
  readonly receipt: { readonly id: number; readonly url: string } | null
  readonly runId: string
}

export interface EffectStore {
  find(key: EffectKey): Promise<Effect | null>
  /** Before the act. Keeps an earlier receipt. */
  intend(key: EffectKey, runId: string, fingerprint: string, at: number): Promise<void>
  /** After the act. */
  record(key: EffectKey, receipt: { id: number; url: string }, at: number): Promise<void>
  /** The stored result of `once`; `begun` without a result: it was interrupted. */
  onceBegin(
    runId: string,
    key: string,
  ): Promise<{ state: 'new' | 'begun' } | { state: 'done'; result: unknown }>
  /** False, and nothing kept, when the results of the run would have more than `maxBytes` of JSON in all. */
  onceEnd(runId: string, key: string, result: unknown, maxBytes: number): Promise<boolean>
  /** Bytes of JSON that the run keeps by `once`. */
  onceKept(runId: string): Promise<number>
  onceForget(runId: string, key: string): Promise<void>
  /** Whether something of this kind and id was written by this service, as far as its receipts know. */
  isReceipt(kind: string, id: number): Promise<boolean>
  /** A value kept by the installation (the marker's key …); the first writer's `initial` stays. */
  setting(name: string, initial: string): Promise<string>
}
