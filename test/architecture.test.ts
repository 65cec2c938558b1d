// The house stays this house: imports run one way, files and functions stay short, one file reads the environment.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import * as sdk from '@hookyard/sdk'

const root = resolve(import.meta.dirname, '..')

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : filesBelow(path)
    return path.endsWith('.ts') ? [path] : []
  })
}

const isTest = (path: string) => /\.(test|fixture|fake)\.ts$|\/testing\//.test(path)
const src = join(root, 'packages/hookyard/src')
const sources = [src, join(root, 'packages/sdk/src'), join(root, 'packages/standins/src')]
  .flatMap(filesBelow)
  .filter((path) => !isTest(path))
const parsed = new Map(
  [...sources, ...filesBelow(join(root, 'modules')).filter((path) => !isTest(path))].map((path) => [
    path,
    ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true),
  ]),
)

function importsOf(path: string): string[] {
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (
      (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) &&
      node.moduleSpecifier &&
      ts.isStringLiteral(node.moduleSpecifier)
    ) {
      found.push(node.moduleSpecifier.text)
    }
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [target] = node.arguments
      if (target && ts.isStringLiteral(target)) found.push(target.text)
    }
    ts.forEachChild(node, visit)
  }
  const file = parsed.get(path)
  if (file) visit(file)
  return found
}

/** What a file imports of this repository, as paths. */
const localImports = (path: string) =>
  importsOf(path).flatMap((specifier) => {
    if (specifier.startsWith('.')) return [resolve(dirname(path), specifier)]
    const [, name, ...entry] = specifier.split('/')
    if (!specifier.startsWith('@hookyard/')) return []
    return [join(root, 'packages', name ?? '', 'src', `${entry.join('/') || 'index'}.ts`)]
  })

/** The part a file belongs to: a folder of the service, or the name of another package. */
const partOf = (path: string) =>
  path.startsWith(src)
    ? (relative(src, path).split('/')[0] ?? '')
    : (relative(join(root, 'packages'), path).split('/')[0] ?? '')

/** Lines that a folder may have: of the service's folders without their tests, of the others all. */
const LINES: Readonly<Record<string, number>> = {
  'packages/hookyard/src/access': 415,
  'packages/hookyard/src/api': 1_955,
  'packages/hookyard/src/ask': 243,
  'packages/hookyard/src/broker': 7_563,
  'packages/hookyard/src/chat': 1_702,
  'packages/hookyard/src/cli': 2_652,
  'packages/hookyard/src/command': 221,
  'packages/hookyard/src/compose': 1_004,
  'packages/hookyard/src/config': 2_405,
  'packages/hookyard/src/dispatch': 1_332,
  'packages/hookyard/src/entity': 115,
  'packages/hookyard/src/explain': 394,
  'packages/hookyard/src/lib': 437,
  'packages/hookyard/src/metrics': 87,
  'packages/hookyard/src/payload': 362,
  'packages/hookyard/src/receive': 1_372,
  'packages/hookyard/src/registry': 1_494,
  'packages/hookyard/src/retention': 113,
  'packages/hookyard/src/run': 3_568,
  'packages/hookyard/src/schedule': 273,
  'packages/hookyard/src/send': 1_488,
  'packages/hookyard/src/store': 4_315,
  'packages/sdk': 2_031,
  'packages/standins': 9_480,
  'packages/hookyard/testing': 5_625,
  modules: 4_996,
  test: 12_460,
  bench: 2_620,
  scripts: 847,
}

// What each part may import beside itself. `lib` is a leaf that everybody may use.
const MAY: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  sdk: [],
  entity: ['lib'],
  payload: ['entity', 'lib'],
  config: ['lib'],
  registry: ['config', 'sdk', 'lib'],
  access: ['config', 'store', 'lib'],
  store: ['registry', 'lib'],
  send: ['config', 'sdk', 'store', 'lib'],
  receive: ['access', 'ask', 'config', 'entity', 'payload', 'registry', 'send', 'store', 'lib'],
  ask: ['send', 'store', 'lib'],
  command: ['access', 'config', 'registry', 'store', 'lib'],
  retention: ['store', 'lib'],
  schedule: ['access', 'config', 'registry', 'store', 'lib'],
  dispatch: ['access', 'command', 'config', 'entity', 'registry', 'send', 'store', 'lib'],
  broker: ['config', 'registry', 'sdk', 'send', 'store', 'lib'],
  run: ['ask', 'broker', 'config', 'registry', 'sdk', 'send', 'store', 'lib'],
  metrics: ['store', 'lib'],
  api: [
    'access',
    'ask',
    'config',
    'dispatch',
    'entity',
    'explain',
    'receive',
    'registry',
    'send',
    'store',
    'lib',
  ],
  explain: ['access', 'config', 'dispatch', 'entity', 'send', 'store', 'lib'],
  chat: ['access', 'ask', 'config', 'entity', 'explain', 'registry', 'send', 'store', 'lib'],
  standins: [],
}
const FREE = new Set(['compose', 'cli'])

test('imports run one way', () => {
  const wrong = sources.flatMap((path) => {
    const part = partOf(path)
    if (FREE.has(part)) return []
    const allowed = MAY[part]
    if (!allowed) return [`${relative(root, path)}: the part ${part} is not in the table`]
    return localImports(path)
      .map(partOf)
      .filter((target) => target !== part && !allowed.includes(target))
      .map((target) => `${relative(root, path)} imports ${target}`)
  })
  expect(wrong).toEqual([])
})

test('no two folders import each other', () => {
  const pairs = new Set(
    sources.flatMap((path) => localImports(path).map((target) => `${partOf(path)} <> ${partOf(target)}`)),
  )
  const both = [...pairs].filter((pair) => {
    const [one = '', other = ''] = pair.split(' <> ')
    return one < other && pairs.has(`${other} <> ${one}`)
  })
  expect(both).toEqual([])
})

test('there are no circular imports between files, types included', () => {
  const state = new Map<string, 'open' | 'done'>()
  const cycles: string[] = []
  const walk = (path: string, trail: readonly string[]): void => {
    if (state.get(path) === 'done') return
    if (state.get(path) === 'open') {
      cycles.push([...trail.slice(trail.indexOf(path)), path].map((file) => relative(root, file)).join(' > '))
      return
    }
    state.set(path, 'open')
    for (const next of localImports(path)) if (parsed.has(next)) walk(next, [...trail, path])
    state.set(path, 'done')
  }
  for (const path of parsed.keys()) walk(path, [])
  expect(cycles).toEqual([])
})

test('only the composition root and the command line know the adapters', () => {
  const adapters = /\/store\/(sqlite|postgres)\/|\/send\/(telegram|slack|discord|webhook-sender)\.ts$/
  const wrong = sources.filter((path) => {
    if (FREE.has(partOf(path)) || adapters.test(path)) return false
    return localImports(path).some((target) => adapters.test(target) && dirname(target) !== dirname(path))
  })
  expect(wrong.map((path) => relative(root, path))).toEqual([])
})

test('nobody imports main.ts but the command line, and no barrel but the SDK', () => {
  const wrong = sources.filter((path) =>
    localImports(path).some(
      (target) =>
        (target === join(src, 'compose/main.ts') && partOf(path) !== 'cli') ||
        (target.endsWith('/index.ts') && !target.endsWith('/sdk/src/index.ts')),
    ),
  )
  expect(wrong.map((path) => relative(root, path))).toEqual([])
})

// The box around a module's process opens these two folders alone.
test('what runs in a module’s process is its own folder and the SDK', () => {
  const imported = /import\s+(?!type\b)[^'"]*?from\s+'(\.[^']+)'/g
  const wrong = sources
    .filter((path) => /\/src\/run\/child\//.test(path))
    .flatMap((path) =>
      [...readFileSync(path, 'utf8').matchAll(imported)]
        .map(([, target = '']) => resolve(dirname(path), target))
        .filter((target) => !/\/src\/run\/child\//.test(target))
        .map((target) => `${relative(root, path)} imports ${relative(root, target)}`),
    )
  expect(wrong).toEqual([])
})

test('modules import the SDK alone', () => {
  const wrong = [...parsed.keys()]
    .filter((path) => path.startsWith(join(root, 'modules')))
    .flatMap((path) =>
      importsOf(path)
        .filter((specifier) => {
          if (!specifier.startsWith('.')) return !['@hookyard/sdk', 'zod'].includes(specifier)
          const folder = relative(join(root, 'modules'), path).split('/')[0] ?? ''
          return !resolve(dirname(path), specifier).startsWith(join(root, 'modules', folder) + '/')
        })
        .map((specifier) => `${relative(root, path)} imports ${specifier}`),
    )
  expect(wrong).toEqual([])
})

test('files are at most 400 lines, the median below 90, functions at most 80', () => {
  const lengths = sources.map((path) => readFileSync(path, 'utf8').split('\n').length).sort((a, b) => a - b)
  expect(lengths.at(-1)).toBeLessThanOrEqual(400)
  expect(lengths[Math.floor(lengths.length / 2)]).toBeLessThan(90)
  const long: string[] = []
  for (const [path, file] of parsed) {
    const visit = (node: ts.Node): void => {
      if (ts.isFunctionLike(node) && 'body' in node && node.body) {
        const lines = (at: number) => file.getLineAndCharacterOfPosition(at).line
        // A factory is as long as the closures it returns: those are measured one by one.
        const nested = nestedLines(node.body as ts.Node, file)
        const own = lines(node.end) - lines(node.getStart()) + 1 - nested
        if (own > 80)
          long.push(`${relative(root, path)}:${lines(node.getStart()) + 1} has ${own} lines of its own`)
      }
      ts.forEachChild(node, visit)
    }
    visit(file)
  }
  expect(long).toEqual([])
})

test('no folder has more lines than its budget', () => {
  const count = (paths: readonly string[]) =>
    paths.reduce((sum, path) => sum + readFileSync(path, 'utf8').split('\n').length - 1, 0)
  const tests = /\.(test|fixture|fake)\.ts$/
  const folders = readdirSync(src).map((name) => [
    `packages/hookyard/src/${name}`,
    count(filesBelow(join(src, name)).filter((path) => !tests.test(path))),
  ])
  const others = Object.keys(LINES).filter((folder) => !folder.startsWith('packages/hookyard/src/'))
  const lines = new Map<string, number>([
    ...(folders as [string, number][]),
    ...others.map((folder): [string, number] => [folder, count(filesBelow(join(root, folder)))]),
  ])
  const over = [...lines].filter(([folder, found]) => found > (LINES[folder] ?? 0))
  expect(
    over.map(([folder, found]) => `${folder} has ${found} lines, ${LINES[folder] ?? 'no budget'}`),
  ).toEqual([])
})

function nestedLines(body: ts.Node, file: ts.SourceFile): number {
  let sum = 0
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body) {
      const lines = (at: number) => file.getLineAndCharacterOfPosition(at).line
      sum += lines(node.end) - lines(node.getStart())
      return
    }
    ts.forEachChild(node, visit)
  }
  ts.forEachChild(body, visit)
  return sum
}

test('one file reads the environment, one reads the clock', () => {
  const using = (pattern: RegExp) =>
    sources
      .filter((path) => pattern.test(readFileSync(path, 'utf8').replace(/\/\/.*$|\/\*[\s\S]*?\*\//gm, '')))
      .map((path) => relative(root, path))
      .filter((path) => !path.startsWith('packages/standins/'))
  expect(using(/process\.env\b/)).toEqual(['packages/hookyard/src/config/env.ts'])
  expect(using(/Date\.now\(/)).toEqual(['packages/hookyard/src/lib/clock.ts'])
})

test('the engine knows no event by name', () => {
  const engine = ['dispatch', 'run', 'receive', 'store'].flatMap((part) =>
    sources.filter((path) => partOf(path) === part),
  )
  const naming = engine.filter((path) =>
    /['"](opened|synchronize|issues)['"]|===\s*['"]pull_request['"]\s*&&\s*action/.test(
      readFileSync(path, 'utf8'),
    ),
  )
  expect(naming.map((path) => relative(root, path))).toEqual([])
})

test('every path that ARCHITECTURE.md and the system map name exists', () => {
  const missing = ['ARCHITECTURE.md', 'docs/system-map.md'].flatMap((page) =>
    [
      ...readFileSync(join(root, page), 'utf8').matchAll(
        /`((?:packages|modules|test|docs|bin|bench|scripts|schema)\/[\w./-]+)`/g,
      ),
    ]
      .map((match) => match[1] ?? '')
      .filter((path) => !existsSync(join(root, path)))
      .map((path) => `${page}: ${path}`),
  )
  expect(missing).toEqual([])
})

test('the exports of the SDK change on purpose only', () => {
  expect(Object.keys(sdk).sort()).toMatchInlineSnapshot(`
    [
      "PermanentError",
      "RetryAfterError",
      "coversPath",
      "defineModule",
      "done",
      "failed",
      "isPermanent",
      "matchesGlob",
      "narrowSettings",
      "parseDiff",
      "paused",
      "reasonOf",
      "settingsNote",
      "skipped",
      "toBlock",
      "toLine",
    ]
  `)
})

test('the guard sees what it guards against', () => {
  expect(statSync(src).isDirectory()).toBe(true)
  expect(sources.length).toBeGreaterThan(50)
  expect(importsOf(join(src, 'compose/main.ts'))).toContain('./stages.ts')
})
