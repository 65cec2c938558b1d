// Installs what the benchmarks compare with, into bench/node_modules alone: `node bench/install.js`. Does nothing
// when that is there already, as its lockfile says.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const lockfile = readFileSync(join(import.meta.dirname, 'package-lock.json'), 'utf8')
const stamp = join(import.meta.dirname, 'node_modules', '.installed')

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lockfile) {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const run = spawnSync(
    npm,
    ['ci', '--prefix', import.meta.dirname, '--no-audit', '--no-fund', '--loglevel=error'],
    {
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32',
    },
  )
  if (run.status !== 0) {
    process.stderr.write(`bench: npm ci failed (${run.error?.message ?? `exit ${run.status}`})\n`)
    process.exit(1)
  }
  writeFileSync(stamp, lockfile)
}
