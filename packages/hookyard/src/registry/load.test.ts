// One report for configuration and modules together, and an installation only when both are good.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ConfigError } from '../config/problem.ts'
import { brief, SECRET } from '../../testing/config/read.ts'
import { loadInstallation } from './load.ts'
import { folderOf, moduleFiles } from '../../testing/registry/folders.ts'

const builtinModuleDirs = [folderOf(moduleFiles('builtin', 'feature_flag: builtin_flag\n'))]

function problemsOf(run: () => unknown): string[] {
  try {
    run()
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(brief)
    throw error
  }
  throw new Error('it was accepted')
}

const load = (cwd: string, file?: string) => loadInstallation({ cwd, file, env: SECRET, builtinModuleDirs })

test('hookyard.yaml of the current folder, the built-in modules and those of module_dirs', () => {
  const cwd = folderOf({
    'hookyard.yaml':
      'repos: [a/b]\nmodule_dirs: [./mine]\nmodules: { own: { enabled: false } }\nusers: [{ name: a, role: admin, features: { builtin_flag: true } }]',
    '.env': 'EXTRA=1',
    ...Object.fromEntries(Object.entries(moduleFiles('own')).map(([name, text]) => [`mine/${name}`, text])),
  })
  const { config, registry, manifestSources, env } = load(cwd)
  expect(config.file).toBe(join(cwd, 'hookyard.yaml'))
  expect(registry.all().map(({ name, enabled }) => [name, enabled])).toEqual([
    ['builtin', true],
    ['own', false],
  ])
  expect([...manifestSources.keys()]).toEqual(['builtin', 'own'])
  expect(env['EXTRA']).toBe('1')
})

test('another file, named from the current folder', () => {
  const cwd = folderOf({ 'conf/other.yaml': 'data_dir: d' })
  expect(load(cwd, 'conf/other.yaml').config.dataDir).toBe(join(cwd, 'conf', 'd'))
})

test('the problems of the configuration and of the manifests come together', () => {
  const cwd = folderOf({
    'hookyard.yaml': 'prot: 1\nmodule_dirs: [mine, gone]\n',
    'mine/bad/module.yaml': 'name: bad\nsubject: nothing\n',
    'mine/bad/handler.js': '',
  })
  expect(problemsOf(() => load(cwd))).toEqual([
    '1:1 prot: an unknown key',
    '2:21 module_dirs[1]: ' + join(cwd, 'gone') + ': no such folder',
    '2:1 subject: "nothing"',
  ])
})

test('modules and features are judged by what was loaded', () => {
  const cwd = folderOf({
    'hookyard.yaml':
      'modules:\n  builtn: {}\nusers:\n  - { name: a, role: admin, features: { builtin_flg: true } }\n',
  })
  expect(problemsOf(() => load(cwd))).toEqual([
    '2:3 modules.builtn: a module that is not there',
    '4:41 users[0].features.builtin_flg: a flag that no module declares',
  ])
})

test('an unknown key hides no wrong module, no wrong flag and no wrong config', () => {
  const cwd = folderOf({
    'hookyard.yaml':
      'repso: []\nmodule_dirs: [m]\nmodules:\n  builtn: { enabld: true }\n  own: { config: { size: x } }\nusers:\n  - { name: a, role: admin, features: { builtin_flg: true }, chat: 1 }\n',
    ...Object.fromEntries(
      Object.entries(moduleFiles('own', 'config: { properties: { size: { type: integer } } }\n')).map(
        ([name, text]) => [`m/${name}`, text],
      ),
    ),
  })
  expect(problemsOf(() => load(cwd))).toEqual([
    '1:1 repso: an unknown key',
    '4:3 modules.builtn: a module that is not there',
    '4:13 modules.builtn.enabld: an unknown key',
    '5:20 modules.own.config.size: "x"',
    '7:41 users[0].features.builtin_flg: a flag that no module declares',
    '7:62 users[0].chat: an unknown key',
  ])
})

test('a secret that stands where none belongs is not told', () => {
  const cwd = folderOf({
    'hookyard.yaml': 'module_dirs: [m]\nmodules: { own: { config: { size: "webhook-secret" } } }\n',
    ...Object.fromEntries(
      Object.entries(moduleFiles('own', 'config: { properties: { size: { type: integer } } }\n')).map(
        ([name, text]) => [`m/${name}`, text],
      ),
    ),
  })
  expect(problemsOf(() => load(cwd))).toEqual(['2:29 modules.own.config.size: "(secret, 14 characters)"'])
})

test('a bad manifest hides no unknown module and no unknown flag', () => {
  const cwd = folderOf({
    'hookyard.yaml':
      'module_dirs: [m]\nmodules: { own: {}, owm: {} }\nusers: [{ name: a, role: admin, features: { own_flag: true, won: true } }]',
    'm/own/module.yaml': 'name: own\nsubject: none\nfeature_flag: own_flag\ntimeout: x\n',
    'm/own/handler.js': '',
  })
  expect(problemsOf(() => load(cwd))).toEqual([
    '2:21 modules.owm: a module that is not there',
    '3:61 users[0].features.won: a flag that no module declares',
    '4:1 timeout: "x"',
  ])
})

test('a bad manifest does not make its module and its flag look unknown', () => {
  const cwd = folderOf({
    'hookyard.yaml':
      'module_dirs: [m]\nmodules: { own: {} }\nusers: [{ name: a, role: admin, features: { own_flag: true } }]',
    'm/own/module.yaml': 'name: own\nsubject: none\nfeature_flag: own_flag\ntimeout: x\n',
    'm/own/handler.js': '',
  })
  expect(problemsOf(() => load(cwd))).toEqual(['4:1 timeout: "x"'])
})

test('the built-in modules must be there', () => {
  const cwd = folderOf({ 'hookyard.yaml': '' })
  const gone = join(cwd, 'modules')
  expect(problemsOf(() => loadInstallation({ cwd, env: SECRET, builtinModuleDirs: [gone] }))).toEqual([
    `0:0 : ${gone}: no such folder`,
  ])
})
