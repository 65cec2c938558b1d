// One piece of work in a module process: an inspection, a validation, a run. What belongs to it carries its nonce; it is
// over when the process has said what it left open.
import { randomUUID } from 'node:crypto'
import { PermanentError } from '../lib/errors.ts'
import type { Excess } from './message-limits.ts'
import { type FromChild, type ToChild, type ToSession, type WireError, toWire } from './protocol.ts'

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

/** How a session ended that has no answer. */
export type Failed =
  | { readonly kind: 'threw'; readonly error: WireError }
  /** Something that it said goes over a limit. */
  | { readonly kind: 'exceeded'; readonly reason: Excess['reason']; readonly says: string }
  /** The process ended under it. */
  | { readonly kind: 'died'; readonly how: string }

/** How a run in the process ended. */
export type ProcessResult = { readonly kind: 'returned'; readonly outcome: unknown } | Failed

/** What may answer a session, by its kind. */
export type AnswerKind = 'outcome' | 'inspected' | 'validated'
export type Answer<T extends AnswerKind> = Extract<FromChild, { t: T }>
type Result<T extends AnswerKind> = { readonly kind: 'answered'; readonly answer: Answer<T> } | Failed

export class Session<T extends AnswerKind = AnswerKind> {
  readonly nonce: string = randomUUID()
  readonly #host: Host
  readonly #wanted: T
  readonly #handlers: RunHandlers | undefined
  readonly #signal: AbortSignal | undefined
  readonly #told = Promise.withResolvers<Result<T>>()
  /** There is an answer: it is told once the process has said what it left open. */
  #result: Result<T> | undefined
  #idle: NodeJS.Timeout | undefined
  #grace: NodeJS.Timeout | undefined
  #outstanding = 0
  #outstandingCharacters = 0
  #lines = 0
  #logCharacters = 0
  #isLogFull = false

  /** Says `begin`, which the process answers by `wanted`. Without handlers it may say nothing else. */
  constructor(host: Host, begin: ToSession, wanted: T, handlers?: RunHandlers, signal?: AbortSignal) {
    this.#host = host
    this.#wanted = wanted
    this.#handlers = handlers
    this.#signal = signal
    this.#say(begin)
    if (signal?.aborted) this.#abort()
    else signal?.addEventListener('abort', this.#abort, { once: true })
  }

  get result(): Promise<Result<T>> {
    return this.#told.promise
  }

  /** False: it does not belong here, now. */
  hear(said: FromChild, characters: number): boolean {
    const handlers = this.#handlers
    if (this.#result) return said.t === 'idle' && this.#left(said)
    if (said.t === this.#wanted) this.#answer({ kind: 'answered', answer: said as Answer<T> })
    else if (said.t === 'threw') this.#answer({ kind: 'threw', error: said.error })
    else if (said.t === 'begin') handlers?.onBegin?.()
    else if (said.t === 'call' && handlers) void this.#call(said, handlers, characters)
    else if (said.t === 'log') this.#log(characters, said.level, said.message, said.fields)
    else return false
    return handlers !== undefined || this.#result !== undefined
  }

  /** The process ended under it. */
  end(how: string): void {
    this.#end(false, { kind: 'died', how })
  }

  /** A message of it goes over a limit: the process is killed. */
  exceed({ reason, says }: Excess): void {
    this.#end(false, { kind: 'exceeded', reason, says })
  }

  /** What the process prints while it goes on. */
  output(level: 'info' | 'warn', text: string): void {
    this.#log(text.length, level, text)
  }

  #say(message: ToSession): void {
    this.#host.send({ ...message, nonce: this.nonce })
  }

  #answer(result: Result<T>): void {
    this.#result = result
    this.#idle = setTimeout(() => this.#end(false, result), IDLE_MS)
  }

  /** Clean is what left nothing open, has nothing going on in the service, and was not told to stop. */
  #left({ resources, calls }: Extract<FromChild, { t: 'idle' }>): true {
    const open = resources.length + calls
    if (open > 0)
      this.#handlers?.onLog('debug', 'the run left something open; its process ends', { resources, calls })
    this.#end(open + this.#outstanding === 0 && !this.#signal?.aborted)
    return true
  }

  #end(clean: boolean, result?: Result<T>): void {
    clearTimeout(this.#idle)
    clearTimeout(this.#grace)
    this.#signal?.removeEventListener('abort', this.#abort)
    this.#host.over(clean)
    const told = (this.#result ??= result)
    if (told) this.#told.resolve(told)
  }

  readonly #abort = (): void => {
    if (this.#result) return void this.#host.kill()
    const { message = 'aborted' } = (this.#signal?.reason ?? {}) as Partial<Error>
    this.#say({ t: 'abort', reason: message })
    this.#grace = setTimeout(() => void this.#host.kill(), ABORT_GRACE_MS)
  }

  #log(characters: number, ...line: Parameters<RunHandlers['onLog']>): void {
    if (this.#isLogFull || !this.#handlers) return
    this.#lines += 1
    this.#logCharacters += characters
    this.#isLogFull = this.#lines > MAX_LOG_LINES || this.#logCharacters > MAX_LOG_CHARACTERS
    if (!this.#isLogFull) return this.#handlers.onLog(...line)
    const what = this.#lines > MAX_LOG_LINES ? `${MAX_LOG_LINES} lines` : `${MAX_LOG_CHARACTERS} characters`
    this.#handlers.onLog('warn', `after ${what}, further ones of this run are dropped`)
  }

  async #call(
    { id, method, params }: Extract<FromChild, { t: 'call' }>,
    handlers: RunHandlers,
    characters: number,
  ): Promise<void> {
    this.#outstanding += 1
    this.#outstandingCharacters += characters
    // After the outcome nobody waits for an answer any more.
    const answer = (given: ToSession) => void (this.#result || this.#say(given))
    try {
      if (this.#outstanding > MAX_OUTSTANDING || this.#outstandingCharacters > MAX_OUTSTANDING_CHARACTERS)
        throw new PermanentError('too many calls at once', { reason: 'too_many_calls' })
      answer({ t: 'answer', id, ok: true, value: await handlers.onCall(method, params) })
    } catch (thrown) {
      // A value that cannot be written down ends up here, too.
      answer({ t: 'answer', id, ok: false, error: toWire(thrown) })
    } finally {
      this.#outstanding -= 1
      this.#outstandingCharacters -= characters
    }
  }
}
