// The real command in a process of its own, as a shell would run it.
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { resolve } from 'node:path'

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

/** `hookyard ARGS…`; resolves when it has ended. Nothing of this process's environment reaches it but PATH. */
export async function hookyard(args: readonly string[], options: CommandOptions): Promise<CommandRun> {
  const child = spawn(process.execPath, [command, ...args], {
    cwd: options.cwd,
    env: { PATH: process.env['PATH'], HOME: options.cwd, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  // One that reads nothing may be gone before it is written to.
  child.stdin.on('error', () => undefined).end(options.input ?? '')
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { code, stdout, stderr }
}
