// Records what the `claude` program says of its flags, for the test that compares them with those we pass:
//   node scripts/record-claude-help.ts [PROGRAM] [FILE]
// Run it when a new version of Claude Code is out; the difference in the file shows what has changed.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { environment } from '../packages/hookyard/src/config/env.ts'
import { findProgram } from '../packages/hookyard/src/broker/agent/find-program.ts'

const [
  name = 'claude',
  file = join(import.meta.dirname, '../packages/hookyard/src/broker/agent/claude-help.txt'),
] = process.argv.slice(2)
const searchPath = environment()['PATH'] ?? ''
const program = findProgram(name, searchPath)
if (program === null) {
  console.error(
    `${name} is not on the PATH. Install Claude Code, or name the program: npm pack @anthropic-ai/claude-code-linux-x64`,
  )
  process.exit(1)
}

// A home of its own: what is recorded must not depend on whose machine it is.
const home = mkdtempSync(join(tmpdir(), 'claude-help-'))
try {
  const say = (flag: string): string =>
    execFileSync(program, [flag], {
      encoding: 'utf8',
      cwd: home,
      env: { PATH: searchPath, HOME: home, COLUMNS: '100' },
    }).trim()
  const lines = [`# ${say('--version')}: claude --help`, '', ...say('--help').split('\n')]
  writeFileSync(file, `${lines.map((line) => line.trimEnd()).join('\n')}\n`)
  console.log(`${file}: ${lines[0]?.slice(2)}`)
} finally {
  rmSync(home, { recursive: true, force: true })
}
