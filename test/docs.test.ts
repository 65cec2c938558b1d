// The pages are true: links lead somewhere, YAML parses as what it claims to be, TypeScript compiles.
import { existsSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { parseDocument } from 'yaml'

const root = resolve(import.meta.dirname, '..')

function pagesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory())
      return ['node_modules', '.git', 'data', 'coverage', 'dist'].includes(entry.name) ? [] : pagesBelow(path)
    return path.endsWith('.md') ? [path] : []
  })
}

const pages = pagesBelow(root)
const blocks = pages.flatMap((page) =>
  [...readFileSync(page, 'utf8').matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)].map((match) => ({
    page: relative(root, page),
    language: match[1] ?? '',
    code: match[2] ?? '',
  })),
)

const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-')

test('every link and anchor leads somewhere', () => {
  const broken = pages.flatMap((page) => {
    const text = readFileSync(page, 'utf8').replace(/^```[\s\S]*?^```/gm, '')
    return [...text.matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)]
      .map((match) => match[1] ?? '')
      .filter((target) => {
        const [file = '', anchor] = target.split('#')
        const path = file === '' ? page : resolve(dirname(page), file)
        if (!existsSync(path)) return true
        if (anchor === undefined) return false
        const headings = [...readFileSync(path, 'utf8').matchAll(/^#+ (.+)$/gm)].map((match) =>
          anchorOf(match[1] ?? ''),
        )
        return !headings.includes(anchor)
      })
      .map((target) => `${relative(root, page)}: ${target}`)
  })
  expect(broken).toEqual([])
})

test('every yaml block parses', () => {
  const broken = blocks
    .filter(({ language }) => language === 'yaml')
    .flatMap(({ page, code }) => parseDocument(code).errors.map((error) => `${page}: ${error.message}`))
  expect(broken).toEqual([])
})

test('every json block parses', () => {
  const broken = blocks
    .filter(({ language }) => language === 'json')
    .flatMap(({ page, code }) => {
      try {
        JSON.parse(code)
        return []
      } catch (error) {
        return [`${page}: ${(error as Error).message}`]
      }
    })
  expect(broken).toEqual([])
})

test('every ts block compiles against the SDK', () => {
  const dir = mkdtempSync(join(tmpdir(), 'hookyard-docs-'))
  const files = blocks
    .filter(({ language }) => language === 'ts')
    .map(({ page, code }, index) => {
      const file = join(dir, `${page.replace(/\W/g, '_')}_${index}.ts`)
      writeFileSync(file, /^(import|export)/m.test(code) ? code : `${code}\nexport {}\n`)
      return file
    })
  expect(files.length).toBeGreaterThan(0)
  const program = ts.createProgram(files, {
    target: ts.ScriptTarget.ES2024,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    types: [],
    paths: {
      '@hookyard/sdk': [join(root, 'packages/sdk/src/index.ts')],
      '@hookyard/sdk/testing': [join(root, 'packages/sdk/src/testing.ts')],
      '@hookyard/standins/github': [join(root, 'packages/standins/src/github/github.ts')],
      zod: [join(root, 'node_modules/zod/index.d.ts')],
      vitest: [join(root, 'node_modules/vitest/dist/index.d.ts')],
    },
  })
  const problems = ts
    .getPreEmitDiagnostics(program)
    .filter((diagnostic) => diagnostic.file?.fileName.startsWith(dir))
    .map(
      (diagnostic) =>
        `${diagnostic.file?.fileName}: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n')}`,
    )
  expect(problems).toEqual([])
})
