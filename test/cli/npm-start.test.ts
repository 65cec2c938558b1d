// `npm start` in the background, and a signal to npm: the service ends with it, and gives the database free.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '..', '..')
const groups = new Set<number>()

afterEach(() => {
  for (const group of groups) {
    try {
      process.kill(-group, 'SIGKILL')
    } catch {
      // It is gone, as it should be.
    }
  }
  groups.clear()
})

/** Resolves when the service listens. */
async function npmStart() {
  const folder = mkdtempSync(join(tmpdir(), 'hookyard-npm-start-'))
  const file = join(folder, 'hookyard.yaml')
  writeFileSync(file, 'repos: [a/b]\nserver: { port: 0 }\nagent: { backend: offline }\n')
  const npm: ChildProcess = spawn('npm', ['start', '--', 'start', '--config', file], {
    cwd: root,
    env: { ...process.env, GITHUB_WEBHOOK_SECRET: 'secret-of-the-test' },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that whatever is left over can be ended.
    detached: true,
  })
  groups.add(npm.pid ?? 0)
  let output = ''
  // Once all who hold the ends of its pipes are gone, the service among them.
  const closed = new Promise<void>((resolve) => npm.once('close', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    const look = (chunk: Buffer) => {
      output += chunk.toString()
      if (output.includes('listening on http')) resolve()
    }
    npm.stdout?.on('data', look)
    npm.stderr?.on('data', look)
    npm.once('close', () => reject(new Error(`it ended before it listened:\n${output}`)))
  })
  return { npm, closed, folder, output: () => output }
}

// A SIGINT to npm alone npm and its shell both leave to the program; that of a terminal goes to all of them.
test.each(['SIGTERM', 'SIGHUP', 'SIGKILL'] as const)(
  'after %s to npm alone the service stops as if it had been asked to',
  async (signal) => {
    const { npm, closed, folder, output } = await npmStart()
    expect(existsSync(join(folder, 'data', 'server.json'))).toBe(true)
    npm.kill(signal)
    await closed
    expect(output()).toContain('"msg":"stopped"')
    expect(existsSync(join(folder, 'data', 'server.json'))).toBe(false)
  },
)
