// Before and after `npm pack` and `npm publish` of a workspace, in its folder: a checkout runs TypeScript from `src`, and Node refuses to
// strip types under node_modules, so a package ships JavaScript, and declarations where it has types to offer.
// `before` writes them and points package.json at them; `after` puts everything back.
import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import ts from 'typescript'

const repository = dirname(import.meta.dirname)
const folder = process.cwd()
const inFolder = (...path) => join(folder, ...path)
const KEPT = inFolder('package.json.kept')
/** The service brings what its users read and edit against. */
const ADDED = folder.endsWith('/packages/hookyard') ? ['LICENSE', 'README.md', 'schema'] : ['LICENSE']

const isModule = existsSync(inFolder('module.yaml'))
const source = isModule ? folder : inFolder('src')
const output = isModule ? folder : inFolder('dist')
const sources = readdirSync(source, { recursive: true }).filter(
  (path) => !/(^|\/)(node_modules|testing)\/|\.test\.ts$|\.(fixture|fake)\.ts$|^dist\//.test(path),
)
const ofTypeScript = sources.filter((path) => path.endsWith('.ts'))
const compiled = (path) => join(output, path.replace(/\.ts$/, '.js'))

function before() {
  if (existsSync(KEPT)) after()
  for (const path of ofTypeScript) {
    mkdirSync(dirname(compiled(path)), { recursive: true })
    const { outputText } = ts.transpileModule(readFileSync(join(source, path), 'utf8'), {
      fileName: path,
      compilerOptions: {
        target: ts.ScriptTarget.ES2023,
        module: ts.ModuleKind.ESNext,
        verbatimModuleSyntax: true,
        rewriteRelativeImportExtensions: true,
      },
    })
    writeFileSync(compiled(path), outputText)
  }
  if (!isModule) for (const path of sources.filter(isAsset)) cpSync(join(source, path), join(output, path))
  for (const name of ADDED) cpSync(join(repository, name), inFolder(name), { recursive: true })
  const manifest = JSON.parse(readFileSync(inFolder('package.json'), 'utf8'))
  copyFileSync(inFolder('package.json'), KEPT)
  const entries = Object.entries(manifest.exports ?? {}).filter(([, path]) => path.endsWith('.ts'))
  for (const [name, path] of entries) {
    const built = path.replace('./src/', './dist/').replace(/\.ts$/, '')
    manifest.exports[name] = { types: `${built}.d.ts`, default: `${built}.js` }
  }
  writeFileSync(inFolder('package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  if (entries.length > 0) declare(entries.map(([, path]) => path))
}

/** Writes the declarations of these files and of what they import. */
function declare(files) {
  const program = ts.createProgram(
    files.map((path) => inFolder(path)),
    {
      target: ts.ScriptTarget.ES2024,
      module: ts.ModuleKind.NodeNext,
      types: ['node'],
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: true,
      declaration: true,
      emitDeclarationOnly: true,
      rewriteRelativeImportExtensions: true,
      stripInternal: true,
      rootDir: source,
      outDir: output,
    },
  )
  const { diagnostics } = program.emit()
  const found = [...ts.getPreEmitDiagnostics(program), ...diagnostics]
  if (found.length === 0) return
  after()
  process.stderr.write(
    ts.formatDiagnostics(found, {
      getCanonicalFileName: (name) => name,
      getCurrentDirectory: () => folder,
      getNewLine: () => '\n',
    }),
  )
  process.exitCode = 1
}

function after() {
  for (const path of isModule ? ofTypeScript : []) rmSync(compiled(path), { force: true })
  if (!isModule) rmSync(output, { recursive: true, force: true })
  for (const name of ADDED) rmSync(inFolder(name), { recursive: true, force: true })
  if (existsSync(KEPT)) renameSync(KEPT, inFolder('package.json'))
}

const isAsset = (path) => !path.endsWith('.ts') && /\.json$|\/claude$/.test(path)

if (process.argv[2] === 'before') before()
else if (process.argv[2] === 'after') after()
else {
  process.stderr.write(
    `usage: node ${relative(folder, import.meta.filename)} before|after, which npm runs for \`npm pack\`\n`,
  )
  process.exitCode = 2
}
