// What hookyard.yaml says about a module wins, key by key, over what the module's author wrote.
import { expect, test } from 'vitest'
import { NO_NEEDS } from '../config/needs.ts'
import { brief, goodConfig, readText } from '../../testing/config/read.ts'
import { createModuleRegistry, mergeModules } from './module-registry.ts'
import { overridden } from './module-settings.ts'
import { manifestOf, noConfig, webhook } from '../../testing/registry/manifests.ts'

const manifest = manifestOf('m', {
  triggers: [
    webhook('push', null, { cooldownMs: 1_000, onCooldown: 'skip' }),
    webhook('issues', ['opened'], { debounceMs: 1_000, maxWaitMs: 10_000 }),
    { type: 'command', command: 'go' },
  ],
})

const only = (text: string) => {
  const { module } = { module: createModuleRegistry([manifest], goodConfig(text)).get('m') }
  if (!module) throw new Error('the module is not there')
  return module
}

test('without settings a module is as its manifest says, and enabled', () => {
  expect(createModuleRegistry([manifest], noConfig).get('m')).toEqual({
    name: 'm',
    manifest,
    enabled: true,
    config: {},
    granted: NO_NEEDS,
    maxWorkers: null,
    budgets: { perRunUsd: null, perDayUsd: null },
  })
})

test('windows are overridden in every webhook trigger', () => {
  const { triggers } = only('modules: { m: { cooldown: 5s, on_cooldown: trailing } }').manifest
  expect(triggers).toEqual([
    { ...manifest.triggers[0], cooldownMs: 5_000, onCooldown: 'trailing' },
    { ...manifest.triggers[1], cooldownMs: 5_000, onCooldown: 'trailing' },
    manifest.triggers[2],
  ])
})

test('a debounce changes how long triggers wait that wait already, not which ones wait', () => {
  const { triggers } = only('modules: { m: { debounce: 5s } }').manifest
  expect(triggers).toMatchObject([
    { debounceMs: 0 },
    { debounceMs: 5_000, maxWaitMs: 50_000 },
    manifest.triggers[2],
  ])
})

test.each([
  [
    'a max_wait of ten debounces stays ten',
    { debounceMs: 1_000, maxWaitMs: 10_000 },
    { debounceMs: 5_000 },
    50_000,
  ],
  ['another one stays as written', { debounceMs: 1_000, maxWaitMs: 8_000 }, { debounceMs: 5_000 }, 8_000],
  ['but never below the debounce', { debounceMs: 1_000, maxWaitMs: 2_000 }, { debounceMs: 5_000 }, 5_000],
  [
    'the given one wins',
    { debounceMs: 1_000, maxWaitMs: 10_000 },
    { debounceMs: 5_000, maxWaitMs: 7_000 },
    7_000,
  ],
  ['a debounce where there was none', { debounceMs: 0, maxWaitMs: 0 }, { debounceMs: 5_000 }, 50_000],
  ['no debounce any more', { debounceMs: 1_000, maxWaitMs: 10_000 }, { debounceMs: 0 }, 0],
])('%s', (_name, window, overrides, maxWaitMs) => {
  const { triggers } = overridden(manifestOf('m', { triggers: [webhook('push', null, window)] }), overrides)
  expect(triggers[0]).toMatchObject({ maxWaitMs })
})

test('timeout, retries, concurrency, budgets and enabled', () => {
  const module = only(
    'modules: { m: { enabled: false, timeout: 1m, retries: { max: 0 }, concurrency: parallel, budgets: { per_run_usd: 2 } } }',
  )
  expect(module).toMatchObject({
    enabled: false,
    budgets: { perRunUsd: 2, perDayUsd: null },
    manifest: { timeoutMs: 60_000, retries: { max: 0, backoffMs: 10_000 }, concurrency: 'parallel' },
  })
})

const configured = manifestOf('m', {
  config: {
    type: 'object',
    additionalProperties: false,
    required: ['label'],
    properties: {
      label: { type: 'string' },
      max: { type: 'integer', minimum: 1, default: 10 },
      deep: { type: 'array', items: { enum: ['a', 'b'] } },
    },
  },
})

function merged(text: string, env?: Record<string, string>) {
  const { config, source, problems } = readText(text, { GITHUB_WEBHOOK_SECRET: 'x', ...env })
  if (!config) throw new Error(problems.map(brief).join('\n'))
  return mergeModules([configured], config, source)
}

test("a module's config gets the defaults of the manifest's schema", () => {
  const { modules, problems } = merged('modules: { m: { config: { label: bug } } }')
  expect(problems).toEqual([])
  expect(modules[0]?.config).toEqual({ label: 'bug', max: 10 })
})

test('a variable stands for a number where the schema wants one', () => {
  const { modules, problems } = merged('modules: { m: { config: { label: "${N}", max: "${N}" } } }', {
    N: '5',
  })
  expect(problems).toEqual([])
  expect(modules[0]?.config).toEqual({ label: '5', max: 5 })
})

test.each([
  ['max: 0', '5:7 modules.m.config.max: 0', null],
  ['max: "5"', '5:7 modules.m.config.max: "5"', null],
  ['maxx: 5', '5:7 modules.m.config.maxx: an unknown key', 'write max'],
  ['deep: [a, c]', '5:17 modules.m.config.deep[1]: "c"', null],
])('what does not fit names its line in hookyard.yaml: %s', (line, problem, hint) => {
  const { problems } = merged(`modules:\n  m:\n    config:\n      label: x\n      ${line}`)
  expect(problems.map(brief)).toEqual([problem])
  expect(problems[0]?.hint).toBe(hint)
})

test('a missing key is told where it should be', () => {
  expect(merged('modules:\n  m: {}').problems.map(brief)).toEqual(['2:3 modules.m.config.label: nothing'])
  expect(mergeModules([configured], noConfig).problems.map(({ key, line }) => [key, line])).toEqual([
    ['modules.m.config.label', 0],
  ])
})

test('settings for a module that is not there are an error', () => {
  const config = goodConfig('modules:\n  mm: { enabled: false }\n')
  expect(() => createModuleRegistry([manifest], config)).toThrow(
    /modules\.mm: found a module that is not there, .*known here: m/,
  )
})
