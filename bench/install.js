// Installs what the benchmarks compare with, into bench/node_modules alone: `node bench/install.js`.
import { spawnSync } from 'node:child_process'

const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
const run = spawnSync(
  npm,
  ['ci', '--prefix', import.meta.dirname, '--no-audit', '--no-fund', '--loglevel=error'],
  {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  },
)
process.exit(run.status ?? 1)
