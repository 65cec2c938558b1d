// Processes that open, use, back up and close stores, and exit at any moment of it: none of them is aborted.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'

const PROCESSES = Number(process.env['HOOKYARD_STORE_PROCESSES'] ?? 6)
const STORES = 4
/** Behind the start of the program, the first openings and some rounds. */
const LONGEST_MS = 3_000

const program = resolve(import.meta.dirname, '../../packages/hookyard/testing/store/exit-at-any-time.ts')

test(
  `${PROCESSES} processes with ${STORES} stores each exit by themselves`,
  { timeout: 60_000 + PROCESSES * 20_000 },
  async () => {
    for (let number = 0; number < PROCESSES; number += 1) {
      const folder = mkdtempSync(join(tmpdir(), 'hookyard-threads-'))
      // The randomness is the drill.
      const exitAfterMs = String(Math.random() * LONGEST_MS)
      const child = spawn(process.execPath, [program, folder, String(STORES), exitAfterMs], {
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      const [stderr, [code, signal]] = await Promise.all([text(child.stderr), once(child, 'exit')])
      expect({ code, signal, stderr }, `exit after ${exitAfterMs} ms`).toEqual({
        code: 0,
        signal: null,
        stderr: '',
      })
      rmSync(folder, { recursive: true })
    }
  },
)
