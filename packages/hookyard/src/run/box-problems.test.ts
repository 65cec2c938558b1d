// What a box cannot hold stops the start: a namespace that is not there, and the service's own files inside.
import { mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { NO_NEEDS } from '../config/needs.ts'
import { readYaml } from '../config/yaml-source.ts'
import { silentLog } from '../lib/log.ts'
import type { Needs } from '../registry/manifest.ts'
import { manifestOf } from '../../testing/registry/manifests.ts'
import { PERMISSION_ALONE } from './box.ts'
import { createBoxCheck, isolationProblems, requireWalls } from './box-problems.ts'
import type { FoundWalls } from './find-walls.ts'

let dir: string
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'hookyard-boxes-')))
  for (const path of ['modules/m', 'data', 'shared']) mkdirSync(join(dir, path), { recursive: true })
  writeFileSync(join(dir, 'hookyard.yaml'), '')
})

const found = (namespace: boolean): FoundWalls => ({
  mode: 'required',
  path: process.env['PATH'] ?? '',
  walls: namespace
    ? { namespace: { program: '/usr/bin/bwrap', libraries: [] }, setpriv: null }
    : PERMISSION_ALONE,
  reason: 'bubblewrap (bwrap) is not on the PATH',
  fix: 'apt-get install bubblewrap',
})

/** What is found against a module in this folder with these grants. */
function problemsOf(
  folder: string,
  granted: Partial<Needs> = {},
  namespace = true,
  other: Partial<Needs> = {},
): string[] {
  const check = createBoxCheck({
    config: { file: join(dir, 'hookyard.yaml'), dataDir: join(dir, 'data') },
    found: found(namespace),
    modules: [{ name: 'other', granted: { ...NO_NEEDS, ...other } }],
  })
  const manifest = { ...manifestOf('m', { handler: join(folder, 'handler.ts') }), dir: folder }
  const module = { name: 'm', manifest, granted: { ...NO_NEEDS, ...granted } }
  return check(module as unknown as Parameters<typeof check>[0]).map((one) => `${one.key}: ${one.found}`)
}

test('isolation: required without a namespace says why, and what to do', () => {
  const place = { file: 'hookyard.yaml', line: 1, column: 1, key: 'isolation' }
  expect(isolationProblems(found(false), place)).toMatchObject([
    {
      key: 'isolation',
      found: 'required, and there is no namespace: bubblewrap (bwrap) is not on the PATH',
      hint: 'apt-get install bubblewrap',
    },
  ])
  expect(isolationProblems(found(true), place)).toEqual([])
  expect(isolationProblems({ ...found(false), mode: 'auto' }, place)).toEqual([])
})

test('a start that requires a namespace in vain names the line', async () => {
  const file = join(dir, 'hookyard.yaml')
  const source = readYaml('repos: []\nisolation: required\n', file)
  const start = requireWalls(
    { config: { file, isolation: 'required' }, env: { PATH: dir }, source },
    silentLog,
  )
  await expect(start).rejects.toMatchObject({ problems: [{ file, line: 2, key: 'isolation' }] })
})

test('a program is granted by a namespace alone, and must be there', () => {
  const folder = join(dir, 'modules/m')
  expect(problemsOf(folder, { run: ['sh'] })).toEqual([])
  expect(problemsOf(folder, { run: ['sh'] }, false)).toEqual([
    expect.stringMatching(/^needs.run: sh, which only a namespace grants/),
  ])
  expect(problemsOf(folder, { run: ['no-such-program'] })).toEqual([
    'needs.run: no-such-program, which is not on the PATH',
  ])
})

test('a need that its box cannot hold is told with its line, and what to do', () => {
  const manifest = { ...manifestOf('m', { handler: join(dir, 'handler.ts') }), dir }
  const check = createBoxCheck({
    config: { file: null, dataDir: join(dir, 'data') },
    found: { ...found(false), mode: 'permission', reason: 'isolation: permission', fix: null },
    manifestSources: new Map([['m', readYaml('name: m\nneeds:\n  run: [git]\n', join(dir, 'module.yaml'))]]),
    modules: [],
  })
  const module = { name: 'm', manifest, granted: { ...NO_NEEDS, run: ['git'] } }
  expect(check(module as unknown as Parameters<typeof check>[0])[0]).toMatchObject({
    file: join(dir, 'module.yaml'),
    line: 3,
    key: 'needs.run',
    hint: 'take modules.m.allow.run out of hookyard.yaml',
  })
})

test('a folder that holds the service’s own files is no module’s, by links neither', () => {
  expect(problemsOf(join(dir, 'modules/m'))).toEqual([])
  for (const folder of [dir, '/'])
    expect(problemsOf(folder)[0]).toMatch(/which holds .*hookyard\.yaml of the service$/)
  symlinkSync(dir, join(dir, 'shared/link'))
  expect(problemsOf(join(dir, 'shared/link'))[0]).toMatch(/hookyard\.yaml of the service$/)
})

test('no grant covers the service’s own files', () => {
  const folder = join(dir, 'modules/m')
  const of = (granted: Partial<Needs>) => problemsOf(folder, granted)
  expect(of({ read: [join(dir, 'shared')], write: [join(dir, 'shared')] })).toEqual([])
  expect(of({ read: [dir] })).toEqual([expect.stringMatching(/^needs.read: .*of the service$/)])
  expect(of({ read: [join(dir, '.env')] })).toEqual([expect.stringMatching(/^needs.read: /)])
  expect(of({ read: [join(dir, 'data/hookyard.db')] })).toEqual([expect.stringMatching(/^needs.read: /)])
  expect(of({ write: [join(dir, 'data/modules')] })).toEqual([expect.stringMatching(/^needs.write: /)])
})

test('a link that leads out of a module’s folder is refused; one within it is not', () => {
  const folder = join(dir, 'modules/m')
  mkdirSync(join(folder, 'lib'))
  symlinkSync('lib', join(folder, 'same'))
  expect(problemsOf(folder)).toEqual([])
  symlinkSync(join(dir, 'hookyard.yaml'), join(folder, 'lib/settings'))
  expect(problemsOf(folder)).toEqual([
    `: the link ${folder}/lib/settings, which leads out of the module’s folder`,
  ])
})

test('what lies in a folder that the module may write is refused: it could be replaced by a link', () => {
  const folder = join(dir, 'modules/m')
  const shared = join(dir, 'shared')
  for (const kind of ['read', 'write'] as const)
    expect(problemsOf(folder, { write: [shared], [kind]: [shared, join(shared, 'a/b')] })).toEqual([
      expect.stringMatching(/shared\/a\/b, which lies in .*shared, which the module may write$/),
    ])
  expect(problemsOf(folder, { write: [folder] })).toEqual([
    expect.stringMatching(/^needs.write: .*may write$/),
  ])
})

test('nor does it lie in a folder that another module may write', () => {
  const folder = join(dir, 'modules/m')
  const shared = join(dir, 'shared')
  const of = (granted: Partial<Needs>, write: string) => problemsOf(folder, granted, true, { write: [write] })
  expect(of({ read: [join(shared, 'a')] }, shared)).toEqual([
    expect.stringMatching(
      /^needs.read: .*shared\/a, which lies in .*shared, which the module other may write$/,
    ),
  ])
  expect(of({}, join(dir, 'modules'))).toEqual([expect.stringMatching(/modules\/m, which lies in/)])
  expect(of({ read: [shared], write: [shared] }, shared)).toEqual([])
})
