// A child process and what it leaves behind: nothing of it runs on, in whatever session or group.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { runProcess } from './run-process.ts'

const request = (script: string, more: { timeoutMs?: number; signal?: AbortSignal } = {}) =>
  runProcess({
    command: process.execPath,
    args: ['-e', script],
    cwd: tmpdir(),
    env: { PATH: process.env['PATH'] ?? '' },
    input: '',
    timeoutMs: 30_000,
    signal: new AbortController().signal,
    maxStdout: 10_000,
    maxStderr: 10_000,
    termFirst: false,
    ...more,
  })

/** Starts a process in a session of its own, which starts another, and prints the id of the last. */
const leaving = (then: string) => `
  const inner = "const c = require('node:child_process').spawn('sleep', ['600'], { detached: true, stdio: 'ignore' }); console.log(c.pid); c.unref()"
  const { spawn } = require('node:child_process')
  const child = spawn(process.execPath, ['-e', inner], { detached: true, stdio: ['ignore', 'inherit', 'ignore'] })
  child.once('exit', () => { ${then} })
`

const isAlive = (pid: number): boolean => {
  try {
    return !execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).startsWith('Z')
  } catch {
    return false
  }
}

test.runIf(existsSync('/proc/self/environ'))(
  'what left the group ends with a process that exits by itself',
  async () => {
    const { ended, stdout } = await request(leaving('process.exit(0)'))
    expect(ended).toBe('exited')
    expect(Number(stdout)).toBeGreaterThan(0)
    await expect.poll(() => isAlive(Number(stdout))).toBe(false)
  },
)

test.runIf(existsSync('/proc/self/environ'))('and with one that is ended', async () => {
  const stop = new AbortController()
  // It says so by filling its output, which ends it.
  const { ended, stdout } = await request(
    leaving(`console.log('x'.repeat(20_000)); setInterval(() => {}, 1000)`),
    {
      signal: stop.signal,
    },
  )
  expect(ended).toBe('overflow')
  const [pid] = stdout.split('\n').map(Number)
  expect(pid).toBeGreaterThan(0)
  await expect.poll(() => isAlive(pid ?? 0)).toBe(false)
})
