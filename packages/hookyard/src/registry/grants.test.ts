// A module has what its manifest needs and the operator grants, never what one of them says alone; and people are told.
import { mkdirSync, mkdtempSync, realpathSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { NO_NEEDS } from '../config/needs.ts'
import { SECRET } from '../../testing/config/read.ts'
import { describeNeeds, grantedOf } from './grants.ts'
import { loadInstallation } from './load.ts'
import type { Needs } from './manifest.ts'
import { folderOf, moduleFiles, parseSample, sampleDir } from '../../testing/registry/folders.ts'

const granted = (needs: Partial<Needs>, allow: Partial<Needs>) =>
  grantedOf({ ...NO_NEEDS, ...needs }, { ...NO_NEEDS, ...allow })

test('a manifest needs nothing, until it says so; paths start at its folder', () => {
  expect(parseSample('name: sample\nsubject: none\nneeds:\n').manifest?.needs).toEqual(NO_NEEDS)
  const text =
    'name: sample\nsubject: none\nneeds: { network: [API.example.com, "[::1]:80"], read: [data, ../x, /srv/./a/], run: [git, git] }'
  expect(parseSample(text).manifest?.needs).toEqual({
    network: ['api.example.com', '[::1]:80'],
    read: [join(sampleDir, 'data'), join(sampleDir, '..', 'x'), '/srv/a'],
    write: [],
    run: ['git'],
  })
})

test.each<[string, string[], string[], string[]]>([
  ['one side alone, the manifest', ['a.example'], [], []],
  ['one side alone, the operator', [], ['a.example'], []],
  ['the same host', ['a.example'], ['b.example', 'a.example'], ['a.example']],
  ['a host below it', ['x.a.example'], ['a.example'], []],
  ['a host that ends alike', ['ba.example'], ['a.example'], []],
  ['any port granted, one needed', ['a.example:8443'], ['a.example'], ['a.example:8443']],
  ['one port granted, any needed', ['a.example'], ['a.example:8443'], ['a.example:8443']],
  ['another port', ['a.example:80'], ['a.example:8443'], []],
  ['an address with a port', ['[::1]:80'], ['[::1]'], ['[::1]:80']],
])('hosts: %s', (_name, needs, allow, both) => {
  expect(granted({ network: needs }, { network: allow }).network).toEqual(both)
})

test.each<[string, string, string, boolean]>([
  ['the same', '/srv/data', '/srv/data', true],
  ['inside', '/srv/data/a/b', '/srv/data', true],
  ['everything', '/srv/data', '/', true],
  ['above', '/srv', '/srv/data', false],
  ['beside, with the same beginning', '/srv/data-2', '/srv/data', false],
])('paths: %s', (_name, need, allowed, is) => {
  expect(granted({ read: [need] }, { read: [allowed] }).read).toEqual(is ? [need] : [])
  expect(granted({ write: [need] }, { read: [allowed] }).write).toEqual([])
})

test('a link inside a granted folder grants nothing outside of it, also what is not there yet', () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'hookyard-grants-')))
  const [inner, outer] = [join(root, 'inner'), join(root, 'outer')]
  for (const dir of [inner, outer]) mkdirSync(dir)
  symlinkSync(outer, join(inner, 'link'))
  symlinkSync(inner, join(root, 'alias'))
  symlinkSync(join(outer, 'later'), join(inner, 'dangling'))
  symlinkSync(join(inner, 'circle'), join(inner, 'circle'))
  const of = (need: string, allowed: string) => granted({ read: [need] }, { read: [allowed] }).read
  expect(of(join(inner, 'link'), inner)).toEqual([])
  expect(of(join(inner, 'link', 'later', 'file'), inner)).toEqual([])
  expect(of(join(inner, 'dangling'), inner)).toEqual([])
  expect(of(join(inner, 'dangling'), join(inner, 'dangling'))).toEqual([])
  expect(of(join(inner, 'circle', 'file'), inner)).toEqual([])
  expect(of(join(inner, 'later', 'file'), inner)).toHaveLength(1)
  expect(of(join(root, 'alias', 'a'), join(root, 'alias'))).toHaveLength(1)
  expect(of(join(root, 'alias', 'link'), join(root, 'alias'))).toEqual([])
})

test('programs go by their names', () => {
  expect(granted({ run: ['git', 'gitk'] }, { run: ['git', 'sh'] }).run).toEqual(['git'])
})

test('people read what is needed, and what of it is not granted', () => {
  const needs = { ...NO_NEEDS, network: ['a.example', 'b.example'], read: ['/srv'] }
  expect(describeNeeds(needs, { ...NO_NEEDS, network: ['a.example:443'] })).toEqual([
    'network a.example',
    'network b.example (not granted)',
    'read /srv (not granted)',
  ])
})

const NEEDY = 'needs: { network: [api.example.com, b.example], run: [git] }\n'

function warningsOf(settings: string) {
  const cwd = folderOf({ 'hookyard.yaml': `repos: [a/b]\nmodules:\n  m:\n    ${settings}\n` })
  const { warnings, registry } = loadInstallation({
    ...{ cwd, env: { ...SECRET, GITHUB_TOKEN: 'x' }, builtinModuleDirs: [folderOf(moduleFiles('m', NEEDY))] },
  })
  return { warnings, module: registry.get('m') }
}

test('a need that is not granted, and a grant that is not needed, are warnings with their place', () => {
  const { warnings, module } = warningsOf('allow: { network: [API.example.com, c.example], run: [git] }')
  expect(module?.granted).toEqual({ ...NO_NEEDS, network: ['api.example.com'], run: ['git'] })
  expect(warnings).toEqual([
    expect.objectContaining({
      ...{ line: 4, key: 'modules.m.allow.network' },
      found: 'no grant of network b.example, which module m needs',
      hint: 'add modules.m.allow.network: ["b.example"] to hookyard.yaml',
    }),
    expect.objectContaining({
      ...{ line: 4, key: 'modules.m.allow.network[1]' },
      found: '"c.example", which module m does not need',
    }),
  ])
})

test('without `allow` everything that is needed is told once a kind; of a disabled module nothing', () => {
  expect(warningsOf('enabled: true').warnings.map(({ key }) => key)).toEqual([
    'modules.m.allow.network',
    'modules.m.allow.run',
  ])
  expect(warningsOf('enabled: false').warnings).toEqual([])
})

test('more workers for a module than there are at all is a warning', () => {
  const allow = 'allow: { network: [api.example.com, b.example], run: [git] }'
  const { warnings, module } = warningsOf(`max_workers: 9\n    ${allow}`)
  expect(module?.maxWorkers).toBe(9)
  expect(warnings).toEqual([expect.objectContaining({ line: 4, key: 'modules.m.max_workers', found: '9' })])
})
