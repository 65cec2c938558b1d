// The real command in a process of its own, for drills that kill it.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { ownEnvironment } from './command-line.ts'

const command = resolve(import.meta.dirname, '..', 'bin', 'hookyard.js')

export interface ServiceProcess {
  readonly url: string
  readonly pid: number
  /** What it wrote on stderr. */
  output(): string
  kill(signal?: NodeJS.Signals): Promise<void>
}

const running = new Set<ChildProcess>()

/** For afterEach: ends whatever a test left running. */
export async function killServiceProcesses(): Promise<void> {
  await Promise.all([...running].map((child) => end(child, 'SIGKILL')))
}

/** `hookyard start --config FILE`; resolves when it listens. @throws Error with its output when it ends before. */
export async function startServiceProcess(
  configFile: string,
  env: NodeJS.ProcessEnv = {},
): Promise<ServiceProcess> {
  const child = spawn(process.execPath, [command, 'start', '--config', configFile], {
    cwd: join(configFile, '..'),
    env: { ...ownEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let output = ''
  const url = await new Promise<string>((resolve, reject) => {
    const look = (chunk: Buffer) => {
      output += chunk.toString()
      const found = /listening on (http:\/\/[\w.:[\]-]+)/.exec(output)?.[1]
      if (found) resolve(found)
    }
    child.stdout.on('data', look)
    child.stderr.on('data', look)
    child.once('exit', (code, signal) =>
      reject(new Error(`the service ended (${code ?? signal}) before it listened:\n${output}`)),
    )
  })
  return { url, pid: child.pid ?? 0, output: () => output, kill: (signal = 'SIGKILL') => end(child, signal) }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  running.delete(child)
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}
