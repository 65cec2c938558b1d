// What a start refuses: told before anything is made, with the place and with a fix that works.
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { processTree } from '../../packages/hookyard/src/run/process-tree.ts'
import { hookyard, hookyardProcess } from '../command-line.ts'
import { startServiceProcess } from '../service-process.ts'

/** A command in a folder with this configuration, or without one. */
function inFolder(
  args: readonly string[],
  config?: string,
  { command = hookyard, env = {} }: { command?: typeof hookyard; env?: NodeJS.ProcessEnv } = {},
) {
  const cwd = mkdtempSync(join(tmpdir(), 'hookyard-start-'))
  if (config !== undefined) writeFileSync(join(cwd, 'hookyard.yaml'), config)
  return command(args, { cwd, env: { GITHUB_WEBHOOK_SECRET: 'secret-of-the-test', ...env } })
}

test('a database that is not built in is refused by start and check alike', async () => {
  const config = 'repos: [a/b]\ndatabase: postgres://u:hush@db/hookyard\n'
  const sentence = /hookyard\.yaml:2:1 database: found .*SQLite alone.* Fix: set database: sqlite\./
  const start = await inFolder(['start'], config)
  expect([start.code, start.stdout]).toEqual([1, ''])
  expect(start.stderr).toMatch(sentence)
  const check = await inFolder(['check'], config)
  expect(check.code).toBe(1)
  expect(check.stdout).toMatch(sentence)
  expect(start.stderr + check.stdout).not.toContain('hush')
})

test('without a configuration the fix is one that works, in text and in JSON', async () => {
  const [start, check, json] = await Promise.all(
    [['start'], ['check'], ['check', '--json']].map((args) => inFolder(args)),
  )
  for (const { code, stderr, stdout } of [start!, check!, json!]) {
    expect(code).toBe(1)
    expect(stdout + stderr).toContain('no such file')
    expect(stdout + stderr).not.toContain('hookyard init')
  }
  expect(start!.stderr).toMatch(/Fix: write it: two lines are enough, repos: \["OWNER\/NAME"\] and notify: /)
  expect(JSON.parse(json!.stdout)).toMatchObject({
    problems: [{ hint: expect.stringContaining('two lines are enough, repos: ["OWNER/NAME"] and notify:') }],
  })
  // The fix is taken at its word.
  const fixed = 'repos: ["OWNER/NAME"]\nnotify: telegram:111\n'
  expect((await inFolder(['check'], fixed)).code).toBe(0)
})

test('a role that needs another database is told to leave it out', async () => {
  const { code, stderr } = await inFolder(['start', '--role', 'worker'], 'repos: [a/b]')
  expect(code).toBe(1)
  expect(stderr).toContain('Leave --role out')
  expect(stderr).not.toContain('postgres://')
})

test('isolation: required without bubblewrap is refused by start and check alike, with the reason and the fix', async () => {
  const config = 'repos: [a/b]\nisolation: required\n'
  const bin = mkdtempSync(join(tmpdir(), 'hookyard-empty-path-'))
  const env = { PATH: bin }
  for (const [name, command] of [['start', hookyardProcess] as const, ['check', hookyard] as const]) {
    const { code, stdout, stderr } = await inFolder([name], config, { command, env })
    expect(code).toBe(1)
    expect(stdout + stderr).toMatch(/hookyard\.yaml:2:1 isolation|isolation: found required/)
    expect(stdout + stderr).toMatch(/required, and there is no namespace: /)
  }
})

test('check tells which walls stand, in text and in JSON', async () => {
  const config = 'repos: [a/b]\nisolation: permission\n'
  const [text, json] = await Promise.all([inFolder(['check'], config), inFolder(['check', '--json'], config)])
  expect(text.stdout).toMatch(/^walls +Node’s permission model alone: isolation: permission$/m)
  expect(text.stdout).toMatch(/^ +open to a hostile module: .*the disk by temporary files.*SECURITY\.md$/m)
  const { isolation } = JSON.parse(json.stdout) as { isolation: unknown }
  expect(isolation).toMatchObject({
    mode: 'permission',
    namespace: false,
    permission: true,
    network_refused: Number(process.versions.node.split('.')[0]) >= 25,
  })
})

test.runIf(process.platform === 'linux')(
  'SIGUSR1 opens no debugger, in the service or what it starts',
  async () => {
    const dir = mkdtempSync(join(tmpdir(), 'hookyard-signal-'))
    const file = join(dir, 'hookyard.yaml')
    writeFileSync(file, 'repos: [a/b]\nserver: { port: 0 }\nagent: { backend: offline }\n')
    const service = await startServiceProcess(file, { GITHUB_WEBHOOK_SECRET: 'secret-of-the-test' })
    onTestFinished(() => service.kill())
    for (const pid of processTree(service.pid)) process.kill(pid, 'SIGUSR1')
    // By the end of a reload a debugger would have said where it listens.
    process.kill(service.pid, 'SIGHUP')
    await expect.poll(() => service.output(), { timeout: 40_000 }).toContain('reloaded')
    expect(service.output()).not.toContain('Debugger')
  },
)
