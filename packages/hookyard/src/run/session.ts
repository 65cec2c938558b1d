// One piece of work in a module process: an inspection, a validation, a run. What belongs to it carries its nonce; it is
// over when the process has said what it left open.
import { randomUUID } from 'node:crypto'
import { PermanentError, RetryAfterError, toError } from '../lib/errors.ts'
import { reasonOf } from '@hookyard/sdk/host'
import type { FromChild, RunInit, ToChild, ToSession, WireError } from './protocol.ts'
import type { Excess } from './message-limits.ts'

/** How long a handler has to notice its aborted signal, in ms, before the process is killed. */
const ABORT_GRACE_MS = 1_000
/** How long a process may take to say what a session left open, in ms; it takes a few turns of its event loop. */
const IDLE_MS = 5_000
/** Log lines of one run, and their characters in all; further ones are dropped, and that is said once. */
const MAX_LOG_LINES = 2_000
const MAX_LOG_CHARACTERS = 4 * 1024 * 1024
/** Calls that a handler may have under way at once. */
const MAX_OUTSTANDING = 256
/** Characters of those calls in all: what they ask is held until they are answered. */
const MAX_OUTSTANDING_CHARACTERS = 64 * 1024 * 1024

/** The process that a session stands in. */
export interface Host {
  send(message: ToChild): void
  /** Ends the process with its group. */
  kill(how?: string): Promise<void>
  /** It is over; a process that is not clean serves no other one. */
  over(clean: boolean): void
}

export interface RunHandlers {
  /** The process is there, the handler is loaded, and begins. */
  onBegin?(): void
  onCall(method: string, params: unknown): Promise<unknown>
  onLog(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>): void
}

/** How a run in the process ended. */
export type ProcessResult =
  | { readonly kind: 'returned'; readonly outcome: unknown }
  | { readonly kind: 'threw'; readonly error: WireError }
  /** Something that it said goes over a limit. */
  | { readonly kind: 'exceeded'; readonly reason: Excess['reason']; readonly says: string }
  /** The process ended under the run. */
  | { readonly kind: 'died'; readonly how: string }

export abstract class Session {
  readonly nonce: string = randomUUID()
  protected readonly host: Host
  /** Tells the result; there once the result is. */
  #finish: (() => void) | undefined
  #late: NodeJS.Timeout | undefined

  constructor(host: Host) {
    this.host = host
  }

  /** False: it does not belong here, now. */
  hear(said: FromChild, characters: number): boolean {
    if (!this.#finish) return this.take(said, characters)
    if (said.t !== 'idle') return false
    this.left(said.resources, said.calls)
    this.#end(said.resources.length === 0 && said.calls === 0 && !this.isTouched)
    return true
  }

  /** The process ended under it. */
  end(how: string): void {
    if (!this.#finish) this.lose(how)
    this.#end(false)
  }

  /** A message of it goes over a limit: the process is killed. */
  exceed(excess: Excess): void {
    if (!this.#finish) this.refuse(excess)
    this.#end(false)
  }

  /** What the process prints while it goes on. */
  output(_level: 'info' | 'warn', _text: string): void {}

  protected say(message: ToSession): void {
    this.host.send({ ...message, nonce: this.nonce })
  }

  /** The result is there: once the process has said what it left open, `finish` tells it. */
  protected answered(finish: () => void): void {
    this.#finish ??= finish
    this.#late ??= setTimeout(() => this.#end(false), IDLE_MS)
  }

  protected get isAnswered(): boolean {
    return this.#finish !== undefined
  }

  /** Something of it goes on in the service, or it was told to stop: its process is not clean, whatever that says. */
  protected get isTouched(): boolean {
    return false
  }

  protected abstract take(said: FromChild, characters: number): boolean
  protected abstract lose(how: string): void
  protected abstract refuse(excess: Excess): void
  protected left(_resources: readonly string[], _calls: number): void {}

  #end(clean: boolean): void {
    clearTimeout(this.#late)
    this.host.over(clean)
    this.#finish?.()
  }
}

/** One question to the handler, and the answer that `pick` recognises. */
export class AskSession<T> extends Session {
  readonly #pick: (answer: FromChild) => T | undefined
  readonly #answer = Promise.withResolvers<T>()
  readonly #slow: NodeJS.Timeout

  /** `waitMs`: how long the handler may take. */
  constructor(host: Host, message: ToSession, pick: (answer: FromChild) => T | undefined, waitMs: number) {
    super(host)
    this.#pick = pick
    this.#slow = setTimeout(() => this.end(`did not load within ${waitMs / 1_000} s`), waitMs)
    this.say(message)
  }

  /** @throws PermanentError when the handler cannot be loaded, or does not answer. */
  get answer(): Promise<T> {
    return this.#answer.promise
  }

  protected take(said: FromChild): boolean {
    const picked = this.#pick(said)
    if (picked !== undefined) this.#settle(() => this.#answer.resolve(picked))
    else if (said.t === 'threw') this.#fail(said.error.message, said.error.reason)
    else return false
    return true
  }

  protected lose(how: string): void {
    this.#fail(`the module process ${how}`)
  }

  protected refuse({ says }: Excess): void {
    this.#fail(says)
  }

  #fail(message: string, reason = 'load_failed'): void {
    this.#settle(() => this.#answer.reject(new PermanentError(message, { reason })))
  }

  #settle(settle: () => void): void {
    clearTimeout(this.#slow)
    this.answered(settle)
  }
}

/** One attempt of a run. */
export class RunSession extends Session {
  readonly #handlers: RunHandlers
  readonly #signal: AbortSignal
  readonly #result = Promise.withResolvers<ProcessResult>()
  #outstanding = 0
  #outstandingCharacters = 0
  #lines = 0
  #logCharacters = 0
  #isLogFull = false
  #grace: NodeJS.Timeout | undefined

  constructor(host: Host, init: RunInit, handlers: RunHandlers, signal: AbortSignal) {
    super(host)
    this.#handlers = handlers
    this.#signal = signal
    this.say({ t: 'run', init })
    if (signal.aborted) this.#abort()
    else signal.addEventListener('abort', this.#abort, { once: true })
  }

  get result(): Promise<ProcessResult> {
    return this.#result.promise
  }

  override output(level: 'info' | 'warn', text: string): void {
    this.#log(text.length, level, text)
  }

  protected override get isTouched(): boolean {
    return this.#outstanding > 0 || this.#signal.aborted
  }

  protected take(said: FromChild, characters: number): boolean {
    if (said.t === 'begin') this.#handlers.onBegin?.()
    else if (said.t === 'call') void this.#call(said, characters)
    else if (said.t === 'log') this.#log(characters, said.level, said.message, said.fields)
    else if (said.t === 'outcome') this.#settle({ kind: 'returned', outcome: said.outcome })
    else if (said.t === 'threw') this.#settle({ kind: 'threw', error: said.error })
    else return false
    return true
  }

  protected lose(how: string): void {
    this.#settle({ kind: 'died', how })
  }

  protected refuse({ reason, says }: Excess): void {
    this.#settle({ kind: 'exceeded', reason, says })
  }

  protected override left(resources: readonly string[], calls: number): void {
    if (resources.length + calls > 0)
      this.#handlers.onLog('debug', 'the run left something open; its process ends', { resources, calls })
  }

  #settle(result: ProcessResult): void {
    this.answered(() => {
      clearTimeout(this.#grace)
      this.#signal.removeEventListener('abort', this.#abort)
      this.#result.resolve(result)
    })
  }

  readonly #abort = (): void => {
    if (this.isAnswered) return void this.host.kill()
    const { message = 'aborted' } = (this.#signal.reason ?? {}) as Partial<Error>
    this.say({ t: 'abort', reason: message })
    this.#grace = setTimeout(() => void this.host.kill(), ABORT_GRACE_MS)
  }

  #log(characters: number, ...line: Parameters<RunHandlers['onLog']>): void {
    if (this.#isLogFull) return
    this.#lines += 1
    this.#logCharacters += characters
    this.#isLogFull = this.#lines > MAX_LOG_LINES || this.#logCharacters > MAX_LOG_CHARACTERS
    if (!this.#isLogFull) return this.#handlers.onLog(...line)
    const what = this.#lines > MAX_LOG_LINES ? `${MAX_LOG_LINES} lines` : `${MAX_LOG_CHARACTERS} characters`
    this.#handlers.onLog('warn', `after ${what}, further ones of this run are dropped`)
  }

  async #call({ id, method, params }: Extract<FromChild, { t: 'call' }>, characters: number): Promise<void> {
    this.#outstanding += 1
    this.#outstandingCharacters += characters
    try {
      if (this.#outstanding > MAX_OUTSTANDING || this.#outstandingCharacters > MAX_OUTSTANDING_CHARACTERS)
        throw new PermanentError('too many calls at once', { reason: 'too_many_calls' })
      this.#reply({ t: 'answer', id, ok: true, value: await this.#handlers.onCall(method, params) })
    } catch (thrown) {
      this.#reply({ t: 'answer', id, ok: false, error: toWire(thrown) })
    } finally {
      this.#outstanding -= 1
      this.#outstandingCharacters -= characters
    }
  }

  /** After the outcome nobody waits for it any more. */
  #reply(answer: ToSession): void {
    if (!this.isAnswered) this.say(answer)
  }
}

function toWire(thrown: unknown): WireError {
  const error = toError(thrown)
  const reason = reasonOf(error)
  const base = { name: error.name, message: error.message, ...(reason === null ? {} : { reason }) }
  if (error instanceof PermanentError) return { ...base, kind: 'permanent', reason: error.reason }
  if (error instanceof RetryAfterError) return { ...base, kind: 'retry_after', delayMs: error.delayMs }
  return base
}
