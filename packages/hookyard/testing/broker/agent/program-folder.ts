// Real executables for tests of the agent: each a small script in a folder of its own.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

export interface ProgramFolder {
  readonly path: string
  /** Writes `name` as a Node script and returns its path. `HERE` within it is the folder. */
  add(name: string, source: string): string
  /** Writes `name` as a shell script. */
  addShell(name: string, source: string): string
  /** Resolves with a file's text as soon as the program has written it. */
  written(name: string): Promise<string>
  remove(): void
  /** A PATH that finds these programs first. */
  readonly searchPath: string
}

/** A folder for programs; `remove()` it when done. */
export function openProgramFolder(): ProgramFolder {
  const path = mkdtempSync(join(tmpdir(), 'hookyard-programs-'))
  const write = (name: string, text: string): string => {
    writeFileSync(join(path, name), text, { mode: 0o755 })
    return join(path, name)
  }
  return {
    path,
    add: (name, source) =>
      write(
        `${name}.cjs`,
        `const HERE = ${JSON.stringify(path)}; const fs = require('node:fs'); const stdin = () => fs.readFileSync(0, 'utf8')\n` +
          `const answer = (more) => console.log(JSON.stringify({ total_cost_usd: 0.01, type: 'result', subtype: 'success', is_error: false, result: '', ...more }))\n${source}`,
      ) && write(name, `#!/bin/sh\nexec '${process.execPath}' '${join(path, `${name}.cjs`)}' "$@"\n`),
    addShell: (name, source) => write(name, `#!/bin/sh\n${source}`),
    async written(name) {
      // A program's file appears when it appears: the test's own timeout is the limit.
      while (!existsSync(join(path, name)) || readFileSync(join(path, name), 'utf8') === '') await pause(10)
      return readFileSync(join(path, name), 'utf8')
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
    searchPath: [path, '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter),
  }
}

/** Resolves when the process is gone; one that nobody has reaped yet counts as gone. */
export async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await pause(10)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
