// Starts the process of one handler file: behind its walls, without credentials, the leader of a session of its own, so
// that whatever it starts ends with it. Used by the starter, and by short commands that start processes themselves.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { constants } from 'node:os'
import { dirname } from 'node:path'
import type { Readable } from 'node:stream'
import type { Box } from './box.ts'
import { type BoxedCommand, boxedCommand } from './boxed-command.ts'
import { lowerPriority } from './process-tree.ts'

/** Heap of a module process, in MiB; beyond it V8 ends the process, and only that run fails. */
const HEAP_MIB = 512
/** Of what is printed at once, so many characters are kept. */
const MAX_OUTPUT = 4_000
/** What V8 says when the heap is full, before it aborts; an abort alone may be the module's own. */
const HEAP_FULL = /FATAL ERROR: [^\n]*(?:heap out of memory|Allocation failed)/
/** How long the last words of an aborted process are waited for, in ms: what it left behind may hold its stderr. */
const LAST_WORDS_MS = 1_000
const CHANNEL_FD = 3

export type OutputLevel = 'info' | 'warn'

/** `low`: after the service, the intake must not feel it. `normal`: somebody waits for it to load. */
export type Priority = 'low' | 'normal'

/** What to start. */
export interface StartSpec {
  readonly handler: string
  /** The environment of the process, to which its box adds where it may write. */
  readonly environment: NodeJS.ProcessEnv
  readonly priority: Priority
  readonly box: Box
}

export interface SpawnEvents {
  /** Something was printed; more of it is read after `taken`. */
  onOutput(level: OutputLevel, text: string, taken: () => void): void
  /** Once. */
  onExit(how: string): void
}

export interface SpawnedModule {
  /** 0 when it could not be started. */
  readonly pid: number
  /** Our end of its channel: a message of JSON per line, as Node's child processes speak. */
  readonly channel: Socket | null
  /** Ends it with its whole group, unless it has ended. */
  kill(): void
  /** Removes its temporary folder: for one whose exit is not waited for. */
  end(): void
}

/** Starts a process with this environment and nothing else. */
export function spawnModule(spec: StartSpec, events: SpawnEvents): SpawnedModule {
  let child: ChildProcess
  let boxed: BoxedCommand | undefined
  try {
    boxed = boxedCommand(spec, [`--max-old-space-size=${HEAP_MIB}`, '--disable-warning=ExperimentalWarning'])
    const [program, ...rest] = boxed.command
    child = spawn(program, rest, {
      cwd: dirname(spec.handler),
      detached: true,
      // By it Node finds its channel, as documented at child_process.fork; it takes the variable away.
      env: { ...boxed.environment, NODE_CHANNEL_FD: String(CHANNEL_FD) },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    })
  } catch (thrown) {
    boxed?.end()
    // Out of memory or processes: told as every other end.
    process.nextTick(() => events.onExit(notStarted(thrown)))
    return { pid: 0, channel: null, kill: () => undefined, end: () => undefined }
  }
  const { end } = boxed
  const { pid = 0 } = child
  let ended = pid === 0
  const exit = async (code: number | null, signal: NodeJS.Signals | null) => {
    ended = true
    killGroup(pid) // what it has left behind
    end()
    // bubblewrap exits as a shell does for a program that a signal has ended.
    const cause = signal ?? (spec.box.walls.namespace ? signalOf(code) : null)
    const isAbort = cause === 'SIGABRT' || code === 134
    const wasFull = isAbort && (await stderr.heapWasFull())
    if (wasFull) events.onExit(`ran out of its ${HEAP_MIB} MiB of heap`)
    else events.onExit(cause ? `was killed by ${cause}` : `exited with code ${code ?? 'unknown'}`)
  }
  child.once('exit', (code, signal) => void exit(code, signal))
  child.on('error', (error) => {
    if (pid !== 0) return
    end()
    events.onExit(notStarted(error))
  })
  if (pid !== 0 && spec.priority === 'low') lowerPriority(pid)
  readOutput(child.stdout, (text, taken) => events.onOutput('info', text, taken))
  const stderr = readOutput(child.stderr, (text, taken) => events.onOutput('warn', text, taken))
  return {
    pid,
    channel: (child.stdio?.[CHANNEL_FD] as Socket | null | undefined) ?? null,
    kill() {
      if (!ended && !killGroup(pid)) child.kill('SIGKILL')
    },
    end,
  }
}

/**
 * Hands on what is printed, one piece after the other. `heapWasFull`, once the process is gone: reads what it had still
 * written, and answers whether V8 has said so.
 */
function readOutput(stream: Readable | null, onOutput: (text: string, taken: () => void) => void) {
  let full = false
  let lastWords = ''
  let ending = false
  stream?.on('data', (chunk: Buffer) => {
    // Of a process that is gone no more comes than its pipe held.
    if (!ending) stream.pause()
    const text = chunk.toString('utf8')
    lastWords += text
    full ||= HEAP_FULL.test(lastWords)
    // The sentence may come in two pieces.
    lastWords = lastWords.slice(-200)
    onOutput(text.slice(0, MAX_OUTPUT).trimEnd(), () => stream.resume())
  })
  return {
    async heapWasFull(): Promise<boolean> {
      if (!stream || stream.readableEnded || stream.destroyed) return full
      ending = true
      stream.resume()
      // What it left behind may hold its output open.
      await once(stream, 'close', { signal: AbortSignal.timeout(LAST_WORDS_MS) }).catch(() => undefined)
      return full
    },
  }
}

/** Kills a process with its group; false when there is no such group. */
export function killGroup(pid: number): boolean {
  try {
    return process.kill(-pid, 'SIGKILL')
  } catch {
    return false
  }
}

function notStarted(thrown: unknown): string {
  return `could not be started: ${thrown instanceof Error ? thrown.message : String(thrown)}`
}

function signalOf(code: number | null): NodeJS.Signals | null {
  const found = Object.entries(constants.signals).find(([, number]) => code === 128 + number)
  return (found?.[0] as NodeJS.Signals | undefined) ?? null
}
