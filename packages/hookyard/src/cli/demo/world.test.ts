import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { ConfigError } from '../../config/problem.ts'
import { openDemoWorld } from './world.ts'

const modules = vi.hoisted(() => ({ dir: '' }))
vi.mock(import('../package.ts'), async (original) => ({
  ...(await original()),
  builtinModuleDirs: () => [modules.dir],
}))

/** What would keep this process from its end. */
const servers = () => process.getActiveResourcesInfo().filter((type) => type === 'TCPServerWrap')

test('a demo whose modules do not load fails, with nothing left open', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hookyard-world-'))
  const before = { servers: servers(), TMPDIR: process.env['TMPDIR'] }
  onTestFinished(() => {
    if (before.TMPDIR === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before.TMPDIR
    rmSync(folder, { recursive: true })
  })
  modules.dir = join(folder, 'modules')
  for (const name of ['pr-review', 'issue-triage']) {
    mkdirSync(join(modules.dir, name), { recursive: true })
    const flag = name.replace('-', '_')
    const manifest = `name: ${name}\ndescription: d\nsubject: none\nfeature_flag: ${flag}\ntriggers: [{ command: ${name} }]\n`
    writeFileSync(join(modules.dir, name, 'module.yaml'), manifest)
    writeFileSync(join(modules.dir, name, 'handler.ts'), 'export default {{{')
  }
  process.env['TMPDIR'] = join(folder, 'tmp')
  mkdirSync(process.env['TMPDIR'])
  const failed = openDemoWorld(0)
  await expect(failed).rejects.toThrow(ConfigError)
  await expect(failed).rejects.toThrow(/handler: found .*could not be loaded/)
  expect(servers()).toEqual(before.servers)
  expect(readdirSync(process.env['TMPDIR'])).toEqual([])
})
