// One module process: started without credentials, one run at a time, killed with its whole group.
import { PermanentError, RetryAfterError, toError } from '../errors.ts'
import type { SubjectKind } from '../sdk/context.ts'
import { reasonOf } from '../sdk/errors.ts'
import { lowerPriority } from './low-priority.ts'
import { moduleEnvironment } from './module-environment.ts'
import { type StartProcess, startHere } from './module-link.ts'
import { type FromChild, type RunInit, type ToChild, type WireError, parseFromChild } from './protocol.ts'
import { residentBytes } from './resident-memory.ts'
import type { StartSpec } from './spawn-module.ts'

/** Resident memory of a module process, in bytes, buffers included; beyond it the process is killed. */
const RESIDENT_LIMIT = 1024 * 1024 * 1024
const MEMORY_CHECK_MS = 1_000
/** How long a handler has to notice its aborted signal, in ms, before the process is killed. */
const ABORT_GRACE_MS = 1_000
/** How long a handler may take to load or to validate a value, in ms; a busy machine needs many times what a quiet one does. */
const ANSWER_MS = 60_000
/** Log lines of one run; further ones are dropped, and that is said once. */
const MAX_LOG_LINES = 2_000
/** Calls that a handler may have under way at once. */
const MAX_OUTSTANDING = 256
/** Characters of those calls in all: what they ask is held until they are answered. */
const MAX_OUTSTANDING_CHARACTERS = 64 * 1024 * 1024

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
  /** The process ended under the run. */
  | { readonly kind: 'died'; readonly how: string }

export interface HandlerShape {
  readonly subject: SubjectKind | null
  readonly events: readonly string[] | null
  readonly config: boolean
  readonly input: boolean
}

export interface ModuleProcess {
  /** 0 until the process is there. */
  readonly pid: number
  /** False once a run left something behind, was aborted, or the process ended. */
  readonly clean: boolean
  run(init: RunInit, handlers: RunHandlers, signal: AbortSignal): Promise<ProcessResult>
  /** What the handler declares. @throws PermanentError when it cannot be loaded. */
  inspect(): Promise<HandlerShape>
  /** The sentences that the handler's schema has against the value; null when it fits. */
  validate(what: 'config' | 'input', value: unknown): Promise<readonly string[] | null>
  /** Kills the whole group, at once. */
  kill(): Promise<void>
}

/**
 * Starts a process for one handler file; of `environment` it gets what is harmless.
 * @default start as a child of this process
 */
export function startModuleProcess(spec: StartSpec, start: StartProcess = startHere): ModuleProcess {
  let runsLow = spec.priority === 'low'
  let clean = true
  let ended: string | null = null
  let listener: ((message: FromChild, characters: number) => void) | undefined
  let onEnd: ((how: string) => void) | undefined
  let output: RunHandlers | undefined
  let exit: () => void
  const exited = new Promise<void>((resolve) => (exit = resolve))
  const boxed = { ...spec, environment: moduleEnvironment(spec.environment) }
  const link = start(boxed, {
    onMessage(message, characters) {
      const parsed = parseFromChild(message)
      if (parsed) listener?.(parsed, characters)
    },
    onOutput: (level, text) => output?.onLog(level, text),
    onEnd(how) {
      ended = how
      clean = false
      onEnd?.(how)
      exit()
    },
  })

  const say = (message: ToChild) => link.send(message)
  const kill = (how?: string) => {
    clean = false
    link.kill(how)
  }
  /** One request to the child, one answer that `pick` recognises. */
  const ask = <T>(message: ToChild, pick: (answer: FromChild) => T | undefined) =>
    new Promise<T>((resolve, reject) => {
      if (ended !== null)
        return reject(new PermanentError(`the module process ${ended}`, { reason: 'load_failed' }))
      const late = setTimeout(() => {
        reject(new PermanentError(`it did not load within ${ANSWER_MS / 1_000} s`, { reason: 'load_failed' }))
        kill()
      }, ANSWER_MS)
      onEnd = (how) => {
        clearTimeout(late)
        reject(new PermanentError(`the module process ${how}`, { reason: 'load_failed' }))
      }
      listener = (answer) => {
        const picked = pick(answer)
        if (answer.t !== 'threw' && picked === undefined) return
        clearTimeout(late)
        if (answer.t === 'threw') {
          const { message, reason = 'load_failed' } = answer.error
          reject(new PermanentError(message, { reason }))
        } else if (picked !== undefined) resolve(picked)
      }
      say(message)
    })

  return {
    get pid() {
      return link.pid
    },
    get clean() {
      return clean
    },
    inspect: () => ask({ t: 'inspect' }, (answer) => (answer.t === 'inspected' ? answer : undefined)),
    validate: async (what, value) =>
      (await ask({ t: 'validate', what, value }, (answer) => (answer.t === 'validated' ? answer : undefined)))
        .issues,
    async kill() {
      kill()
      await exited
    },
    run(init, handlers, signal) {
      return new Promise<ProcessResult>((resolve) => {
        let outstanding = 0
        let outstandingCharacters = 0
        let grace: NodeJS.Timeout | undefined
        let lines = 0
        const log: RunHandlers['onLog'] = (level, message, fields) => {
          lines += 1
          if (lines <= MAX_LOG_LINES) handlers.onLog(level, message, fields)
          else if (lines === MAX_LOG_LINES + 1)
            handlers.onLog('warn', `after ${MAX_LOG_LINES} lines, further ones of this run are dropped`)
        }
        const memory = setInterval(() => {
          if (residentBytes(link.pid) > RESIDENT_LIMIT)
            kill(`used more than ${RESIDENT_LIMIT / 1024 / 1024} MiB of memory and was killed`)
        }, MEMORY_CHECK_MS)
        const abort = () => {
          clean = false
          say({ t: 'abort', reason: String((signal.reason as Error | undefined)?.message ?? 'aborted') })
          grace ??= setTimeout(kill, ABORT_GRACE_MS)
        }
        output = { ...handlers, onLog: log }
        // Somebody waited for it to load; from now on it is one of those that the intake must not feel.
        if (!runsLow) lowerPriority(link.pid)
        runsLow = true
        const finish = (result: ProcessResult) => {
          clearInterval(memory)
          clearTimeout(grace)
          signal.removeEventListener('abort', abort)
          listener = onEnd = output = undefined
          resolve(result)
        }
        const answerCall = async (
          { id, method, params }: Extract<FromChild, { t: 'call' }>,
          characters: number,
        ) => {
          outstanding += 1
          outstandingCharacters += characters
          try {
            if (outstanding > MAX_OUTSTANDING || outstandingCharacters > MAX_OUTSTANDING_CHARACTERS)
              throw new PermanentError('too many calls at once', { reason: 'too_many_calls' })
            say({ t: 'answer', id, ok: true, value: await handlers.onCall(method, params) })
          } catch (thrown) {
            say({ t: 'answer', id, ok: false, error: toWire(thrown) })
          } finally {
            outstanding -= 1
            outstandingCharacters -= characters
          }
        }
        onEnd = (how) => finish({ kind: 'died', how })
        listener = (message, characters) => {
          if (message.t === 'begin') handlers.onBegin?.()
          else if (message.t === 'call') void answerCall(message, characters)
          else if (message.t === 'log') log(message.level, message.message, message.fields)
          else if (message.t === 'outcome' || message.t === 'threw') {
            if (message.leftovers > 0 || outstanding > 0) clean = false
            finish(
              message.t === 'outcome'
                ? { kind: 'returned', outcome: message.outcome }
                : { kind: 'threw', error: message.error },
            )
          }
        }
        if (ended !== null) return finish({ kind: 'died', how: ended })
        if (signal.aborted) abort()
        else signal.addEventListener('abort', abort, { once: true })
        say({ t: 'run', init })
      })
    },
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
