// Plain JavaScript for any Node from 20: makes the checkout ready (npm ci when dependencies are missing or
// the lockfile changed), and runs a program of node_modules/.bin on a Node that is new enough.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { handOver } from '../packages/hookyard/bin/modern-node.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const lockfile = join(root, 'package-lock.json')
const stamp = join(root, 'node_modules', '.hookyard-installed')

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
