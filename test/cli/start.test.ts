// What a start refuses: told before anything is made, with the place and with a mend that works.
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hookyard } from '../command-line.ts'

/** A command in a folder with this configuration, or without one. */
function inFolder(args: readonly string[], config?: string) {
  const cwd = mkdtempSync(join(tmpdir(), 'hookyard-start-'))
  if (config !== undefined) writeFileSync(join(cwd, 'hookyard.yaml'), config)
  return hookyard(args, { cwd, env: { GITHUB_WEBHOOK_SECRET: 'secret-of-the-test' } })
}

test('a database that is not built in is refused by start and check alike', async () => {
  const config = 'repos: [a/b]\ndatabase: postgres://u:hush@db/hookyard\n'
  const sentence = /hookyard\.yaml:2:1 database: found .*SQLite alone.* Mend: set database: sqlite\./
  const start = await inFolder(['start'], config)
  expect([start.code, start.stdout]).toEqual([1, ''])
  expect(start.stderr).toMatch(sentence)
  const check = await inFolder(['check'], config)
  expect(check.code).toBe(1)
  expect(check.stdout).toMatch(sentence)
  expect(start.stderr + check.stdout).not.toContain('hush')
})

test('without a configuration the mend is one that works, in text and in JSON', async () => {
  const [start, check, json] = await Promise.all(
    [['start'], ['check'], ['check', '--json']].map((args) => inFolder(args)),
  )
  for (const { code, stderr, stdout } of [start!, check!, json!]) {
    expect(code).toBe(1)
    expect(stdout + stderr).toContain('no such file')
    expect(stdout + stderr).not.toContain('hookyard init')
  }
  expect(start!.stderr).toMatch(/Mend: write it: two lines are enough, repos: \["OWNER\/NAME"\] and notify: /)
  expect(JSON.parse(json!.stdout)).toMatchObject({
    problems: [{ hint: expect.stringContaining('two lines are enough, repos: ["OWNER/NAME"] and notify:') }],
  })
  // The mend is taken at its word.
  const mended = 'repos: ["OWNER/NAME"]\nnotify: telegram:111\n'
  expect((await inFolder(['check'], mended)).code).toBe(0)
})

test('a role that needs another database is told to leave it out', async () => {
  const { code, stderr } = await inFolder(['start', '--role', 'worker'], 'repos: [a/b]')
  expect(code).toBe(1)
  expect(stderr).toContain('Leave --role out')
  expect(stderr).not.toContain('postgres://')
})
