// The demo as a program: it says which version it is, and leaves nothing behind, also when its terminal is closed.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import manifest from '../../packages/hookyard/package.json' with { type: 'json' }
import { hookyard } from '../command-line.ts'
import { until } from '../installation.ts'

const command = resolve(import.meta.dirname, '..', '..', 'bin', 'hookyard.js')
let end: () => void = () => undefined
afterEach(() => end())

test('status knows its version, and SIGHUP ends it with its folder gone', { timeout: 180_000 }, async () => {
  const demo = spawn(process.execPath, [command, 'demo', '--port', '0'], {
    env: { PATH: process.env['PATH'], TMPDIR: process.env['TMPDIR'] },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  end = () => void demo.kill('SIGKILL')
  let said = ''
  demo.stdout.on('data', (chunk: Buffer) => void (said += chunk.toString()))
  const config = await until('the tour to end', () => /--config (\S+)/.exec(said)?.[1], 120_000)
  const status = await hookyard(['status', '--json', '--config', config], { cwd: dirname(config) })
  expect(JSON.parse(status.stdout)).toMatchObject({ version: manifest.version })
  expect(manifest.version).not.toBe('0.0.0')
  const exited = once(demo, 'exit')
  demo.kill('SIGHUP')
  expect(await exited).toEqual([0, null])
  expect(existsSync(dirname(config))).toBe(false)
})
