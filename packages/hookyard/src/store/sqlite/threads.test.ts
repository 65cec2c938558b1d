// A process that ends while one of its threads loads the add-on ends by itself, and is not aborted.
import SqliteConnection from 'better-sqlite3'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { holdAddon, loadAddon, newAddonState } from './threads.ts'

const program = join(import.meta.dirname, '../../../testing/store/exit-while-loading.ts')

test.each([
  ['process', 'thread'],
  ['process', 'checkpoint'],
  ['thread', 'checkpoint'],
])(
  'a %s that ends while its threads `%s` load takes no process with it, and does not hang',
  async (who, name) => {
    const file = join(mkdtempSync(join(tmpdir(), 'hookyard-addon-')), 'hookyard.db')
    new SqliteConnection(file).exec('create table t (a)').close()
    // More than once: without the wait some of them are aborted, not all.
    for (let round = 0; round < 5; round += 1) {
      const child = spawn(process.execPath, [program, who, name, file], {
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      onTestFinished(() => void child.kill('SIGKILL'))
      const [stderr, [code, signal]] = await Promise.all([text(child.stderr), once(child, 'exit')])
      expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
    }
  },
)

test('a thread that has not begun is kept from beginning, one that has loaded is not waited for', () => {
  const loaded = newAddonState()
  loadAddon(loaded)
  holdAddon(loaded)
  expect(loaded[0]).toBe(2)
  const idle = newAddonState()
  holdAddon(idle)
  expect(idle[0]).toBe(3)
})
