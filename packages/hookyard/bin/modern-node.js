// Plain JavaScript for any Node from 20: finds a Node that is new enough, and runs a file with it.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MIN_NODE = [22, 18]
/** The folder of this package: packages/hookyard of a checkout, or where npm installed it. */
export const packageRoot = dirname(dirname(fileURLToPath(import.meta.url)))

/** Where Node keeps what it compiled and stripped of types: a command starts in half the time. */
export const compileCache = join(packageRoot, 'node_modules', '.cache', 'hookyard')

/** The Node to run with: this one when new enough, else the pinned one that npm installed beside. */
export function modernNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1])) return process.execPath
  const program = join('node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  for (let folder = packageRoot; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'node_modules', program))) return join(folder, 'node_modules', program)
  }
  process.stderr.write(
    `hookyard: Node ${process.versions.node} is too old and no newer one is beside it. Install Node ${MIN_NODE.join('.')} or newer, or run \`npm install node\` here.\n`,
  )
  process.exit(1)
}

/** Runs `node file args…` on a modern Node in this terminal, passes signals on, and exits as it exits. */
export function handOver(file, args) {
  const node = modernNode()
  const path = `${dirname(node)}${process.platform === 'win32' ? ';' : ':'}${process.env.PATH ?? ''}`
  // The channel tells the program that this wrapper is gone, SIGKILL included: it must not live on alone.
  const child = spawn(node, ['--disable-sigusr1', file, ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { NODE_COMPILE_CACHE: compileCache, ...process.env, PATH: path, HOOKYARD_HANDED_OVER: '1' },
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    process.stderr.write(`hookyard: could not start ${node}: ${error.message}\n`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => {
    if (!signal) process.exit(code ?? 1)
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(name)
    process.kill(process.pid, signal)
  })
}
