// One child process with a certain end: by the deadline the promise settles, and nothing is left of its process group nor
// of what left that (Linux, its own user). execa waits for grandchildren; this does not.
import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { toError } from '../../lib/errors.ts'

export interface ProcessRequest {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** Written to stdin, which is then closed. */
  readonly input: string
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** Bytes; more ends the process. */
  readonly maxStdout: number
  /** Bytes; only the last of them are kept. */
  readonly maxStderr: number
  /** Ask first with SIGTERM: `sudo` passes that on to another user's process, which SIGKILL cannot reach. */
  readonly termFirst: boolean
}

export interface ProcessResult {
  readonly ended: 'exited' | 'timeout' | 'aborted' | 'overflow' | 'not_started'
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** Why it could not be started: `ENOENT`, `EACCES` … */
  readonly startError: string | null
}

/** How long output may still come after the process itself is gone (a child of its left the group). */
const DRAIN_MS = 2_000
const TERM_GRACE_MS = 5_000

/** Runs a program in a process group of its own. Never rejects. */
export function runProcess(request: ProcessRequest): Promise<ProcessResult> {
  return new Promise((resolve) => {
    const mark = randomUUID()
    const child = start(request, mark)
    if (child instanceof Error) {
      resolve({ ended: 'not_started', code: null, stdout: '', stderr: '', startError: child.message })
      return
    }
    const stdout: Buffer[] = []
    let stdoutBytes = 0
    let stderr = Buffer.alloc(0)
    let startError: string | null = null
    let drain: NodeJS.Timeout | undefined
    let settled = false

    const settle = (ended: ProcessResult['ended']): void => {
      if (settled) return
      settled = true
      clearTimeout(deadline)
      clearTimeout(drain)
      request.signal.removeEventListener('abort', abort)
      if (ended !== 'not_started') end(child, request.termFirst && ended !== 'exited', mark)
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy()
      resolve({
        ended,
        code: child.exitCode,
        stdout: Buffer.concat(stdout).toString('utf8'),
        stderr: stderr.toString('utf8'),
        startError,
      })
    }
    const abort = (): void => settle('aborted')
    const deadline = setTimeout(() => settle('timeout'), request.timeoutMs)
    request.signal.addEventListener('abort', abort, { once: true })

    child.on('error', (error: NodeJS.ErrnoException) => {
      if (child.pid !== undefined) return
      startError = error.code ?? error.message
      settle('not_started')
    })
    child.stdout?.on('data', (chunk: Buffer) => {
      stdoutBytes += chunk.length
      if (stdoutBytes > request.maxStdout) return settle('overflow')
      stdout.push(chunk)
    })
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr = Buffer.concat([stderr, chunk]).subarray(-request.maxStderr)
    })
    // A process that reads no input closes the pipe: its answer still counts.
    child.stdin?.on('error', () => {})
    child.stdin?.end(request.input)
    child.on('exit', () => {
      clearTimeout(deadline)
      kill(child, mark)
      drain = setTimeout(() => settle('exited'), DRAIN_MS)
    })
    child.on('close', () => settle('exited'))
    if (request.signal.aborted) abort()
  })
}

/** Most failures to start arrive as an event; too long an argument is thrown. */
function start(request: ProcessRequest, mark: string): ChildProcess | Error {
  try {
    return spawn(request.command, request.args, {
      cwd: request.cwd,
      env: { ...request.env, HOOKYARD_PROCESS: mark },
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
  } catch (error) {
    return toError(error)
  }
}

function end(child: ChildProcess, termFirst: boolean, mark: string): void {
  if (!termFirst) return kill(child, mark)
  signalGroup(child, 'SIGTERM')
  const late = setTimeout(() => kill(child, mark), TERM_GRACE_MS)
  late.unref()
  child.once('exit', () => clearTimeout(late))
}

function kill(child: ChildProcess, mark: string): void {
  signalGroup(child, 'SIGKILL')
  endMarked(mark)
}

function signalGroup(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // Nobody is left in the group, or it belongs to another user: then its own `timeout` ends it.
  }
}

/** Looks again, since one that is being ended may start another. */
const LOOKS = 3

/**
 * Ends every process whose environment holds this text: by setsid it is out of reach of a signal to the group. Found are
 * those that Linux tells of (/proc: of the same user, or to root) and that have not emptied their environment.
 */
function endMarked(mark: string): void {
  for (let look = 0; look < LOOKS; look += 1) {
    const found = marked(mark)
    if (found.length === 0) return
    for (const pid of found) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It has ended.
      }
    }
  }
}

function marked(mark: string): number[] {
  try {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0 && pid !== process.pid && holds(pid, mark))
  } catch {
    return []
  }
}

function holds(pid: number, mark: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(mark)
  } catch {
    return false
  }
}
