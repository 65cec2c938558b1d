// Starts the process of one handler file: without credentials, the leader of a session of its own, so that whatever
// it starts ends with it. Used by the starter, and by short commands that start processes themselves.
import { type ChildProcess, spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { dirname, extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lowerPriority } from './low-priority.ts'

/** Heap of a module process, in MiB; beyond it V8 ends the process, and only that run fails. */
const HEAP_MIB = 512
/** Of what is printed at once, so many characters are kept. */
const MAX_OUTPUT = 4_000
const CHANNEL_FD = 3

const entry = fileURLToPath(new URL(`./child/main${extname(import.meta.url)}`, import.meta.url))

export type OutputLevel = 'info' | 'warn'

/** `low`: after the service, the intake must not feel it. `normal`: somebody waits for it to load. */
export type Priority = 'low' | 'normal'

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
}

/** Starts a process with this environment and nothing else. */
export function spawnModule(
  handler: string,
  environment: NodeJS.ProcessEnv,
  priority: Priority,
  events: SpawnEvents,
): SpawnedModule {
  let child: ChildProcess
  try {
    child = spawnNode(handler, environment)
  } catch (thrown) {
    // Out of memory or processes: told as every other end.
    process.nextTick(() => events.onExit(notStarted(thrown)))
    return { pid: 0, channel: null, kill: () => undefined }
  }
  const { pid = 0 } = child
  let ended = pid === 0
  child.once('exit', (code, signal) => {
    ended = true
    killGroup(pid) // what it has left behind
    events.onExit(describeExit(code, signal))
  })
  child.on('error', (error) => {
    if (pid === 0) events.onExit(notStarted(error))
  })
  if (pid !== 0 && priority === 'low') lowerPriority(pid)
  for (const [stream, level] of [
    [child.stdout, 'info'],
    [child.stderr, 'warn'],
  ] as const) {
    stream?.on('data', (chunk: Buffer) => {
      stream.pause()
      const text = chunk.toString('utf8').slice(0, MAX_OUTPUT).trimEnd()
      events.onOutput(level, text, () => stream.resume())
    })
  }
  return {
    pid,
    channel: (child.stdio?.[CHANNEL_FD] as Socket | null | undefined) ?? null,
    kill() {
      if (!ended && !killGroup(pid)) child.kill('SIGKILL')
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

function spawnNode(handler: string, environment: NodeJS.ProcessEnv): ChildProcess {
  const flags = [`--max-old-space-size=${HEAP_MIB}`, '--disable-warning=ExperimentalWarning']
  return spawn(process.execPath, [...flags, entry, handler], {
    cwd: dirname(handler),
    detached: true,
    // By it Node finds its channel, as documented at child_process.fork; it takes the variable away.
    env: { ...environment, NODE_CHANNEL_FD: String(CHANNEL_FD) },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
}

function notStarted(thrown: unknown): string {
  return `could not be started: ${thrown instanceof Error ? thrown.message : String(thrown)}`
}

function describeExit(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal === 'SIGABRT' || code === 134) return `ran out of its ${HEAP_MIB} MiB of heap`
  return signal ? `was killed by ${signal}` : `exited with code ${code ?? 'unknown'}`
}
