// Servers under test, each a real process of its own.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

export interface Server {
  readonly pid: number
  readonly port: number
  /** Where deliveries go. */
  readonly path: string
  /** Resolves when nothing is left to do for what was sent; at once for servers that keep nothing. */
  idle(): Promise<void>
  stop(): Promise<void>
}

export interface ProcessOptions {
  /** Binds the process to one processor; null: as the system likes. */
  readonly core: number | null
  readonly nodeArguments?: readonly string[]
  readonly stdout: 'pipe' | 'ignore'
}

/** Starts `node FILE ARGS…`; what it says on stderr is shown. */
export function startNode(
  file: string,
  args: readonly string[],
  { core, nodeArguments = [], stdout }: ProcessOptions,
): ChildProcess {
  const command = [process.execPath, ...nodeArguments, file, ...args]
  const [program = '', ...rest] = core === null ? command : ['taskset', '-c', String(core), ...command]
  const child = spawn(program, rest, {
    stdio: ['ignore', stdout, 'inherit'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  running.add(child)
  child.on('exit', () => running.delete(child))
  return child
}

// A benchmark that is stopped half-way leaves no server behind.
const running = new Set<ChildProcess>()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    for (const child of running) child.kill('SIGKILL')
    process.kill(process.pid, signal)
  })
}

/** The first line that a process prints. @throws Error when it ends before. */
export async function firstLine(child: ChildProcess): Promise<string> {
  const ended = once(child, 'exit').then(([code]: unknown[]) => {
    throw new Error(`a server ended with ${String(code)} before it listened`)
  })
  const said = child.stdout
    ? once(child.stdout, 'data').then(([chunk]) => String(chunk).trim())
    : Promise.resolve('')
  return Promise.race([said, ended])
}

/** SIGTERM, and SIGKILL when that has no effect within the time. */
export async function stopProcess(child: ChildProcess, graceMs = 60_000): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
  await exited
  clearTimeout(timer)
}

/** Starts a server that prints its port and keeps nothing. */
export async function startStateless(
  file: string,
  args: readonly string[],
  path: string,
  core: number | null,
): Promise<Server> {
  const child = startNode(file, args, { core, stdout: 'pipe' })
  const port = Number(await firstLine(child))
  if (!Number.isInteger(port) || child.pid === undefined) throw new Error(`${file} printed no port`)
  return { pid: child.pid, port, path, idle: () => Promise.resolve(), stop: () => stopProcess(child) }
}
