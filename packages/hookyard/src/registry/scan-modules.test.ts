// Module folders are found by their module.yaml; what is wrong stops the start and names the folder.
import { renameSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { brief } from '../../testing/config/read.ts'
import { scanModules } from './scan-modules.ts'
import { folderOf, moduleFiles } from '../../testing/registry/folders.ts'

test('every sub-folder with a module.yaml is a module, in the order of names', () => {
  const a = folderOf({
    ...moduleFiles('zebra'),
    ...moduleFiles('ant'),
    'notes/README.md': '',
    'file.txt': '',
    '.git/module.yaml': 'x',
  })
  const b = folderOf(moduleFiles('bee'))
  const { manifests, problems, warnings, sources } = scanModules([a, b])
  expect([problems, warnings]).toEqual([[], []])
  expect(manifests.map(({ name, dir }) => [name, dir])).toEqual([
    ['ant', join(a, 'ant')],
    ['bee', join(b, 'bee')],
    ['zebra', join(a, 'zebra')],
  ])
  expect(sources.get('bee')?.place(['subject'])).toMatchObject({
    file: join(b, 'bee', 'module.yaml'),
    line: 2,
  })
})

test('a folder without module.yaml is passed over with a word for those who debug', () => {
  const dir = folderOf({ 'notes/README.md': '' })
  const words: unknown[] = []
  const debug = (fields: Record<string, unknown>) => void words.push(fields['folder'])
  scanModules([dir], { log: { debug, info() {}, warn() {}, error() {} } })
  expect(words).toEqual([join(dir, 'notes')])
})

test('a folder that is not there is named, with the place that asked for it', () => {
  const gone = join(folderOf(), 'gone')
  const { problems } = scanModules([gone], {
    placeOf: () => ({ file: '/hookyard.yaml', line: 3, column: 15, key: 'module_dirs[0]' }),
  })
  expect(problems.map(brief)).toEqual([`3:15 module_dirs[0]: ${gone}: no such folder`])
})

test('two modules of one name are an error that names both folders', () => {
  const [a, b] = [folderOf(moduleFiles('twin')), folderOf(moduleFiles('twin'))]
  const { problems } = scanModules([a, b])
  expect(problems).toHaveLength(1)
  expect(problems[0]).toMatchObject({ file: join(b, 'twin', 'module.yaml'), line: 1, key: 'name' })
  expect(problems[0]?.found).toContain(join(b, 'twin'))
  expect(problems[0]?.expected).toContain(join(a, 'twin'))
})

test('the problems of all manifests come at once', () => {
  const dir = folderOf({
    ...moduleFiles('a', 'timeout: x\n'),
    ...moduleFiles('b'),
    ...moduleFiles('c', 'may: [comment]\n'),
  })
  const { manifests, problems } = scanModules([dir])
  expect(problems.map(({ file, line, key }) => [file, line, key])).toEqual([
    [join(dir, 'a', 'module.yaml'), 3, 'timeout'],
    [join(dir, 'c', 'module.yaml'), 3, 'may'],
  ])
  expect(manifests.map(({ name }) => name)).toEqual(['b'])
})

test('links to folders are followed, the same folder twice is one module, a broken link is none', () => {
  const elsewhere = folderOf(moduleFiles('linked'))
  const dir = folderOf(moduleFiles('own'))
  symlinkSync(join(elsewhere, 'linked'), join(dir, 'linked'))
  symlinkSync(join(dir, 'nowhere'), join(dir, 'broken'))
  const { manifests, problems } = scanModules([dir, elsewhere, dir])
  expect(problems).toEqual([])
  expect(manifests.map(({ name }) => name)).toEqual(['linked', 'own'])
})

test('likely slips are told: module.yml, and a module named instead of its parent', () => {
  const dir = folderOf(moduleFiles('a'))
  renameSync(join(dir, 'a', 'module.yaml'), join(dir, 'a', 'module.yml'))
  expect(scanModules([dir]).warnings.map(({ hint }) => hint)).toEqual(['rename it to module.yaml'])
  const other = folderOf(moduleFiles('b'))
  expect(scanModules([join(other, 'b')]).warnings.map(({ hint }) => hint)).toEqual(['name its parent folder'])
})
