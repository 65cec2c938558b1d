// One module process: started without credentials, one run at a time, killed with its whole group.
import { type ChildProcess, fork } from 'node:child_process'
import { getCompileCacheDir } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PermanentError, RetryAfterError, toError } from '../errors.ts'
import type { SubjectKind } from '../sdk/context.ts'
import { reasonOf } from '../sdk/errors.ts'
import { lowerPriority } from './low-priority.ts'
import { type FromChild, type RunInit, type ToChild, type WireError, parseFromChild } from './protocol.ts'
import { residentBytes } from './resident-memory.ts'

/** Heap of a module process, in MiB; beyond it V8 ends the process, and only that run fails. */
const HEAP_MIB = 512
/** Resident memory of a module process, in bytes, buffers included; beyond it the process is killed. */
const RESIDENT_LIMIT = 1024 * 1024 * 1024
const MEMORY_CHECK_MS = 1_000
/** How long a handler has to notice its aborted signal, in ms, before the process is killed. */
const ABORT_GRACE_MS = 1_000
/** How long a handler may take to load or to validate a value, in ms. */
const ANSWER_MS = 20_000
/** Messages in one second that end a run: what sends more is a loop, and every message costs the service. */
const FLOOD_PER_SECOND = 5_000
/** Log lines of one run; further ones are dropped, and that is said once. */
const MAX_LOG_LINES = 2_000
/** Calls that a handler may have under way at once. */
const MAX_OUTSTANDING = 256

const entry = fileURLToPath(new URL(`./child/main${extname(import.meta.url)}`, import.meta.url))

export interface RunHandlers {
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

/** Starts a process for one handler file. */
export function startModuleProcess(handler: string, environment: NodeJS.ProcessEnv): ModuleProcess {
  const child = fork(entry, [handler], {
    cwd: dirname(handler),
    detached: true, // a group of its own, so that grandchildren die with it
    env: childEnvironment(environment),
    execArgv: [`--max-old-space-size=${HEAP_MIB}`, '--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  return wrap(child)
}

/** Nothing secret: a module sees where programs are, the language and the time zone. */
function childEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = ['PATH', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR']
  return {
    ...Object.fromEntries(
      kept.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])),
    ),
    ...compileCache(),
  }
}

/** A process starts in a third of the time. A folder apart: the service reads nothing that a module could have written. */
function compileCache(): NodeJS.ProcessEnv {
  const own = getCompileCacheDir()
  return own === undefined ? {} : { NODE_COMPILE_CACHE: join(own, 'modules') }
}

function wrap(child: ChildProcess): ModuleProcess {
  let clean = true
  let ended: string | null = null
  let listener: ((message: FromChild) => void) | undefined
  let onEnd: ((how: string) => void) | undefined
  let output: RunHandlers | undefined
  const exited = new Promise<void>((resolve) => {
    const end = (how: string) => {
      if (ended === null) {
        ended = how
        clean = false
        onEnd?.(how)
      }
      resolve()
    }
    child.once('exit', (code, signal) => end(describeExit(code, signal)))
    child.once('error', (error) => end(`could not be started: ${error.message}`))
  })
  if (child.pid !== undefined) lowerPriority(child.pid)
  child.on('message', (message) => {
    const parsed = parseFromChild(message)
    if (parsed) listener?.(parsed)
  })
  for (const [stream, level] of [
    [child.stdout, 'info'],
    [child.stderr, 'warn'],
  ] as const) {
    stream?.on('data', (chunk: Buffer) =>
      output?.onLog(level, chunk.toString('utf8').slice(0, 4_000).trimEnd()),
    )
  }

  const say = (message: ToChild) => {
    if (ended === null && child.connected) child.send(message, () => undefined)
  }
  const killGroup = () => {
    clean = false
    if (ended !== null || child.pid === undefined) return
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch {
      child.kill('SIGKILL')
    }
  }
  /** One request to the child, one answer that `pick` recognises. */
  const ask = <T>(message: ToChild, pick: (answer: FromChild) => T | undefined) =>
    new Promise<T>((resolve, reject) => {
      if (ended !== null)
        return reject(new PermanentError(`the module process ${ended}`, { reason: 'load_failed' }))
      const late = setTimeout(() => {
        reject(new PermanentError(`it did not load within ${ANSWER_MS / 1_000} s`, { reason: 'load_failed' }))
        killGroup()
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
    pid: child.pid ?? 0,
    get clean() {
      return clean
    },
    inspect: () => ask({ t: 'inspect' }, (answer) => (answer.t === 'inspected' ? answer : undefined)),
    validate: async (what, value) =>
      (await ask({ t: 'validate', what, value }, (answer) => (answer.t === 'validated' ? answer : undefined)))
        .issues,
    async kill() {
      killGroup()
      if (child.pid !== undefined) await exited
    },
    run(init, handlers, signal) {
      return new Promise<ProcessResult>((resolve) => {
        let outstanding = 0
        let grace: NodeJS.Timeout | undefined
        let lines = 0
        let messages = 0
        let second = 0
        /** True when this message is one too many of its second; the run is over then. */
        const floods = () => {
          const now = Math.floor(performance.now() / 1_000)
          messages = now === second ? messages + 1 : 1
          second = now
          if (messages <= FLOOD_PER_SECOND) return false
          finish({
            kind: 'died',
            how: `sent more than ${FLOOD_PER_SECOND} messages in a second and was killed`,
          })
          killGroup()
          return true
        }
        const log: RunHandlers['onLog'] = (level, message, fields) => {
          lines += 1
          if (lines <= MAX_LOG_LINES) handlers.onLog(level, message, fields)
          else if (lines === MAX_LOG_LINES + 1)
            handlers.onLog('warn', `after ${MAX_LOG_LINES} lines, further ones of this run are dropped`)
        }
        const memory = setInterval(() => {
          if (residentBytes(child.pid ?? 0) > RESIDENT_LIMIT) {
            finish({
              kind: 'died',
              how: `used more than ${RESIDENT_LIMIT / 1024 / 1024} MiB of memory and was killed`,
            })
            killGroup()
          }
        }, MEMORY_CHECK_MS)
        const abort = () => {
          clean = false
          say({ t: 'abort', reason: String((signal.reason as Error | undefined)?.message ?? 'aborted') })
          grace ??= setTimeout(killGroup, ABORT_GRACE_MS)
        }
        output = { ...handlers, onLog: log }
        const finish = (result: ProcessResult) => {
          clearInterval(memory)
          clearTimeout(grace)
          signal.removeEventListener('abort', abort)
          listener = onEnd = output = undefined
          resolve(result)
        }
        const answerCall = async (id: number, method: string, params: unknown) => {
          outstanding += 1
          try {
            if (outstanding > MAX_OUTSTANDING)
              throw new PermanentError('too many calls at once', { reason: 'too_many_calls' })
            say({ t: 'answer', id, ok: true, value: await handlers.onCall(method, params) })
          } catch (thrown) {
            say({ t: 'answer', id, ok: false, error: toWire(thrown) })
          } finally {
            outstanding -= 1
          }
        }
        onEnd = (how) => finish({ kind: 'died', how })
        listener = (message) => {
          if (floods()) return
          if (message.t === 'call') void answerCall(message.id, message.method, message.params)
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

function describeExit(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal === 'SIGABRT' || code === 134) return `ran out of its ${HEAP_MIB} MiB of heap`
  return signal ? `was killed by ${signal}` : `exited with code ${code ?? 'unknown'}`
}

function toWire(thrown: unknown): WireError {
  const error = toError(thrown)
  const reason = reasonOf(error)
  const base = { name: error.name, message: error.message, ...(reason === null ? {} : { reason }) }
  if (error instanceof PermanentError) return { ...base, kind: 'permanent', reason: error.reason }
  if (error instanceof RetryAfterError) return { ...base, kind: 'retry_after', delayMs: error.delayMs }
  return base
}
