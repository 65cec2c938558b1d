// Plain JavaScript for any Node from 20: makes the checkout ready (npm ci when dependencies are missing or
// the lockfile changed), finds a Node that is new enough, and runs a program of node_modules/.bin with it.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MIN_NODE = [22, 18]
export const root = dirname(dirname(fileURLToPath(import.meta.url)))
const lockfile = join(root, 'package-lock.json')
const stamp = join(root, 'node_modules', '.hookyard-installed')

/** Where Node keeps what it compiled and stripped of types: a command starts in half the time. */
export const compileCache = join(root, 'node_modules', '.cache', 'hookyard')

const isCheckout = () => existsSync(join(root, 'src', 'main.ts')) && existsSync(lockfile)
const lockHash = () => createHash('sha256').update(readFileSync(lockfile)).digest('hex')

/** The first package that npm has installed, by its own list, and that is there no more. */
function missingPackage() {
  try {
    const { packages } = JSON.parse(readFileSync(join(root, 'node_modules', '.package-lock.json'), 'utf8'))
    // Optional ones are for other systems, too.
    return Object.keys(packages).find((path) => !packages[path].optional && !existsSync(join(root, path)))
  } catch {
    return undefined // no list that could be read: not to be told from a complete folder
  }
}

/** Installs the locked dependencies when any is missing or the lockfile changed. Speaks on stderr alone. */
export function ensureInstalled() {
  if (!isCheckout()) return // an installed package brings its dependencies with it
  const [installed, absent] = existsSync(stamp) ? readFileSync(stamp, 'utf8').split('\n') : []
  if (installed === lockHash()) {
    const missing = missingPackage()
    if (missing === absent) return // none, or one that npm lists and does not install here
    process.stderr.write(`hookyard: ${missing} is missing\n`)
  }
  process.stderr.write('hookyard: installing dependencies (npm ci), once; this takes about a minute …\n')
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const run = spawnSync(npm, ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (run.status !== 0) {
    process.stderr.write(
      `hookyard: npm ci failed (${run.error?.message ?? `exit ${run.status}`}). Fix what it says above, then run the command again.\n`,
    )
    process.exit(1)
  }
  writeFileSync(stamp, [lockHash(), missingPackage() ?? []].flat().join('\n'))
}

/** The Node to run with: this one when new enough, else the pinned one that npm installed. */
export function modernNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1])) return process.execPath
  const local = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (existsSync(local)) return local
  process.stderr.write(
    `hookyard: Node ${process.versions.node} is too old and no newer one is beside it. Install Node ${MIN_NODE.join('.')} or newer.\n`,
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

/** The JavaScript file behind a program name of node_modules/.bin (vitest, tsc, eslint …). */
function programFile(name) {
  const owners = { vitest: 'vitest', tsc: '@typescript/native', eslint: 'eslint', prettier: 'prettier' }
  const owner = owners[name]
  if (!owner) return join(root, name)
  const folder = join(root, 'node_modules', owner)
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return join(folder, typeof bin === 'string' ? bin : bin[name])
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  ensureInstalled()
  const [program, ...args] = process.argv.slice(2)
  if (program) handOver(programFile(program), args)
}
