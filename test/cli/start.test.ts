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
