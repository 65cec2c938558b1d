// The way of one webhook in ARCHITECTURE.md is the one that a webhook really takes.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '..')

test('each file of the table is entered by a pull request, and they are a third of its way', async () => {
  const page = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')
  const table = [...page.matchAll(/^\| \d+ \| `([^`]+)`/gm)].map((match) => match[1] ?? '')
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'scripts/way.ts'), '--json'])
  const way = JSON.parse(stdout) as { total: { lines: number }; files: { file: string; lines: number }[] }
  expect(table.filter((path) => !way.files.some(({ file }) => file === path))).toEqual([])
  const inTable = way.files
    .filter(({ file }) => table.includes(file))
    .reduce((sum, { lines }) => sum + lines, 0)
  expect(inTable / way.total.lines).toBeGreaterThan(1 / 3)
}, 300_000)
