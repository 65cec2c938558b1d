// The `hookyard` command for a test: in this process, or in one of its own as a shell would run it.
import { spawn } from 'node:child_process'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { resolve } from 'node:path'
import { runCommand } from '../packages/hookyard/src/cli/program.ts'

const command = resolve(import.meta.dirname, '..', 'bin', 'hookyard.js')

export interface CommandRun {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  readonly cwd: string
  readonly env?: NodeJS.ProcessEnv
  readonly input?: string
}

/** Nothing of this process's environment reaches a command but these. */
export function ownEnvironment(): NodeJS.ProcessEnv {
  const { PATH, TMPDIR, NODE_COMPILE_CACHE } = process.env
  return { PATH, TMPDIR, NODE_COMPILE_CACHE }
}

const environment = ({ cwd, env }: CommandOptions): NodeJS.ProcessEnv => ({
  ...ownEnvironment(),
  HOME: cwd,
  ...env,
})

let before: Promise<unknown> = Promise.resolve()

/** `hookyard ARGS…` in this process; resolves when it has ended. One after the other: they share its folder and streams. */
export function hookyard(args: readonly string[], options: CommandOptions): Promise<CommandRun> {
  const run = before.then(() => runHere(args, options))
  before = run.catch(() => undefined)
  return run
}

async function runHere(args: readonly string[], options: CommandOptions): Promise<CommandRun> {
  const written = { stdout: '', stderr: '' }
  const { env, stdin } = process
  const cwd = process.cwd()
  const writers = (['stdout', 'stderr'] as const).map((name) => {
    const { write } = process[name]
    process[name].write = (chunk: string | Uint8Array) => {
      written[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()
      return true
    }
    return () => void (process[name].write = write)
  })
  const input = new PassThrough().end(options.input ?? '')
  Object.defineProperty(process, 'stdin', { value: input, configurable: true })
  process.env = environment(options)
  try {
    process.chdir(options.cwd)
    return { code: await runCommand(args), ...written }
  } finally {
    process.chdir(cwd)
    process.env = env
    Object.defineProperty(process, 'stdin', { value: stdin, configurable: true })
    for (const restore of writers) restore()
  }
}

/** `hookyard ARGS…` in a process of its own; resolves when it has ended. */
export async function hookyardProcess(args: readonly string[], options: CommandOptions): Promise<CommandRun> {
  const child = spawn(process.execPath, [command, ...args], {
    cwd: options.cwd,
    env: environment(options),
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  // One that reads nothing may be gone before it is written to.
  child.stdin.on('error', () => undefined).end(options.input ?? '')
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { code, stdout, stderr }
}
