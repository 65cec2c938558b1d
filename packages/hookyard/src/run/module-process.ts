// One module process: started without credentials, one session at a time, killed with its whole group. Whatever it says
// outside of its session ends it.
import { PermanentError } from '../lib/errors.ts'
import { type Log, silentLog } from '../lib/log.ts'
import { moduleEnvironment } from './box.ts'
import type { KeptFile } from './child/kept-files.ts'
import type { Excess } from './message-limits.ts'
import { type ModuleLink, type StartProcess, startHere } from './module-link.ts'
import { lowerPriority, residentBytes } from './process-tree.ts'
import { type FromChild, type RunInit, type ToChild, type ToSession, parseFromChild } from './protocol.ts'
import {
  type Answer,
  type AnswerKind,
  type Host,
  type ProcessResult,
  type RunHandlers,
  Session,
} from './session.ts'
import type { StartSpec } from './spawn-module.ts'

/** Resident memory of a module process, in bytes, buffers included; beyond it the process is killed. */
const RESIDENT_LIMIT = 1024 * 1024 * 1024
const MEMORY_CHECK_MS = 1_000
/** How long a handler may take to load or to validate a value, in ms; a busy machine needs many times what a quiet one does. */
const ANSWER_MS = 60_000

/** What a handler declares, and all that was loaded of it. */
export type HandlerShape = Pick<Answer<'inspected'>, 'subject' | 'events' | 'config' | 'input' | 'files'>

export class ModuleProcess implements Host {
  readonly #handler: string
  readonly #log: Log
  readonly #link: ModuleLink
  readonly #exited = Promise.withResolvers<void>()
  readonly #memory: NodeJS.Timeout
  /** False once a session left something behind, was aborted, or the process ended. */
  clean = true
  /** True until it was given something of a run: its repository is still open. */
  fresh = true
  /** The files that its inspection has noted; null: there was none, or they are too much to be kept. */
  noted: HandlerShape['files'] = null
  #runsLow: boolean
  #session: Omit<Session, 'result'> | undefined
  #killed = false
  #ended: string | undefined

  /**
   * Starts a process for one handler file; of `spec.environment` it gets what is harmless. `log` hears of one that says
   * what it must not. `files`: what it loads instead of what is on the disk.
   * @default start as a child of this process
   */
  constructor(
    spec: StartSpec,
    start: StartProcess = startHere,
    log: Log = silentLog,
    files: readonly KeptFile[] | null = null,
  ) {
    this.#handler = spec.handler
    this.#log = log
    this.#runsLow = spec.priority === 'low'
    const boxed = { ...spec, environment: moduleEnvironment(spec.environment) }
    this.#link = start(boxed, {
      onMessage: (message, characters) => this.#hear(parseFromChild(message), characters),
      onExcess: (excess) => this.#exceed(excess),
      onOutput: (level, text) => this.#session?.output(level, text),
      onEnd: (how) => this.#end(how),
    })
    // As long as it lives: it takes memory while it loads, and between runs, as well.
    this.#memory = setInterval(() => this.#checkMemory(), MEMORY_CHECK_MS).unref()
    if (files) this.send({ t: 'files', files })
  }

  /** 0 until the process is there. */
  get pid(): number {
    return this.#link.pid
  }

  /** What the handler declares. @throws PermanentError when it cannot be loaded. */
  async inspect(): Promise<HandlerShape> {
    const shape = await this.#ask({ t: 'inspect' }, 'inspected')
    this.noted = shape.files
    return shape
  }

  /** The sentences that the handler's schema has against the value; null when it fits. @throws PermanentError */
  async validate(what: 'config' | 'input', value: unknown): Promise<readonly string[] | null> {
    this.fresh &&= what === 'config'
    return (await this.#ask({ t: 'validate', what, value }, 'validated')).issues
  }

  async run(init: RunInit, handlers: RunHandlers, signal: AbortSignal): Promise<ProcessResult> {
    this.fresh = false
    if (this.#ended !== undefined) return { kind: 'died', how: this.#ended }
    // Somebody waited for it to load; from now on it is one of those that the intake must not feel.
    if (!this.#runsLow) lowerPriority(this.pid)
    this.#runsLow = true
    const session = new Session(this, { t: 'run', init }, 'outcome', handlers, signal)
    this.#session = session
    const result = await session.result
    return result.kind === 'answered' ? { kind: 'returned', outcome: result.answer.outcome } : result
  }

  /** Kills the whole group, at once; `how` is told as its end. */
  async kill(how?: string): Promise<void> {
    this.clean = false
    this.#killed = true
    this.#link.kill(how)
    await this.#exited.promise
  }

  send(message: ToChild): void {
    this.#link.send(message)
  }

  over(clean: boolean): void {
    this.#session = undefined
    if (!clean) void this.kill()
  }

  async #ask<T extends AnswerKind>(message: ToSession, wanted: T): Promise<Answer<T>> {
    const failed = (says: string, reason = 'load_failed') => new PermanentError(says, { reason })
    if (this.#ended !== undefined) throw failed(`the module process ${this.#ended}`)
    const session = new Session(this, message, wanted)
    this.#session = session
    const slow = setTimeout(() => session.end(`did not load within ${ANSWER_MS / 1_000} s`), ANSWER_MS)
    const result = await session.result
    clearTimeout(slow)
    switch (result.kind) {
      case 'answered':
        return result.answer
      case 'threw':
        throw failed(result.error.message, result.error.reason)
      case 'exceeded':
        throw failed(result.says)
      case 'died':
        throw failed(`the module process ${result.how}`)
    }
  }

  /** `said`: null when it is no message of ours. */
  #hear(said: FromChild | null, characters: number): void {
    if (this.#killed) return
    const session = this.#session
    const heard = said !== null && said.nonce === session?.nonce && session.hear(said, characters)
    if (!heard) this.#refuse(said?.t ?? 'unknown')
  }

  #exceed(excess: Excess): void {
    if (this.#killed) return
    if (excess.nonce === this.#session?.nonce) this.#session.exceed(excess)
    else this.#refuse('too large')
  }

  /** What it says then is from another run, or made up. */
  #refuse(message: string): void {
    this.#log.warn(
      { handler: this.#handler, pid: this.pid, message },
      'a module process sent a message that is not of its run, and was killed',
    )
    void this.kill('sent a message that is not of its run and was killed')
  }

  #checkMemory(): void {
    if (!this.#killed && residentBytes(this.pid) > RESIDENT_LIMIT)
      void this.kill(`used more than ${RESIDENT_LIMIT / 1024 / 1024} MiB of memory and was killed`)
  }

  #end(how: string): void {
    clearInterval(this.#memory)
    this.#ended = how
    this.clean = false
    this.#session?.end(how)
    this.#exited.resolve()
  }
}
