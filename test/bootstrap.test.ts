// What every command does first in a checkout: the dependencies are there, or they are installed.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const PROGRAMS = ['bin/bootstrap.js', 'packages/hookyard/bin/modern-node.js']

/** A checkout with two packages installed, one of them for another system, and an `npm` that notes its calls. */
function checkout() {
  const dir = mkdtempSync(join(tmpdir(), 'hookyard-checkout-'))
  for (const folder of ['bin', 'packages/hookyard/bin', 'node_modules/a', 'tools'])
    mkdirSync(join(dir, folder), { recursive: true })
  for (const file of PROGRAMS) copyFileSync(join(root, file), join(dir, file))
  writeFileSync(join(dir, 'package.json'), '{"type":"module"}')
  const lock = '{"lockfileVersion":3}'
  writeFileSync(join(dir, 'package-lock.json'), lock)
  const installed = createHash('sha256').update(lock).digest('hex')
  writeFileSync(join(dir, 'node_modules', '.hookyard-installed'), installed)
  const packages = { 'node_modules/a': {}, 'node_modules/elsewhere': { optional: true } }
  writeFileSync(join(dir, 'node_modules', '.package-lock.json'), JSON.stringify({ packages }))
  const calls = join(dir, 'calls')
  writeFileSync(
    join(dir, 'tools', 'npm'),
    `#!/bin/sh\necho "$@" >> ${calls}\nmkdir -p ${dir}/node_modules/a\n`,
  )
  chmodSync(join(dir, 'tools', 'npm'), 0o755)
  const run = () =>
    spawnSync(process.execPath, [join(dir, 'bin', 'bootstrap.js')], {
      encoding: 'utf8',
      env: { PATH: `${join(dir, 'tools')}${delimiter}${process.env['PATH']}` },
    })
  return {
    dir,
    run,
    calls: () => (existsSync(calls) ? readFileSync(calls, 'utf8').split('\n').length - 1 : 0),
  }
}

test('a complete checkout installs nothing', () => {
  const { run, calls } = checkout()
  expect(run()).toMatchObject({ status: 0, stderr: '' })
  expect(calls()).toBe(0)
})

test('a package that was removed is told, and installed once', () => {
  const { dir, run, calls } = checkout()
  rmSync(join(dir, 'node_modules', 'a'), { recursive: true })
  const { status, stderr } = run()
  expect({ status, stderr }).toMatchObject({
    status: 0,
    stderr: expect.stringMatching(/^hookyard: node_modules\/a is missing\nhookyard: installing dependencies/),
  })
  expect(run()).toMatchObject({ status: 0, stderr: '' })
  expect(calls()).toBe(1)
})

test('what npm lists and does not install is not asked for again and again', () => {
  const { dir, run, calls } = checkout()
  const packages = { 'node_modules/never': {} }
  writeFileSync(join(dir, 'node_modules', '.package-lock.json'), JSON.stringify({ packages }))
  expect(run().stderr).toContain('node_modules/never is missing')
  expect(run()).toMatchObject({ status: 0, stderr: '' })
  expect(calls()).toBe(1)
})
