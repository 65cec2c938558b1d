// `npm run docs`: writes what is generated from the code: docs/sdk.md, docs/reference-*.md and schema/*.json.
// `npm run docs -- --check` writes nothing, names the files that are stale and ends with 1.
import { Command } from 'commander'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import ts from 'typescript'
import { configJsonSchema, toJsonSchema } from '../packages/hookyard/src/config/json-schema.ts'
import { configSchema } from '../packages/hookyard/src/config/schema.ts'
import { explainDecision } from '../packages/hookyard/src/explain/reasons.ts'
import { CODES } from '../packages/hookyard/src/lib/errors.ts'
import { manifestJsonSchema } from '../packages/hookyard/src/registry/manifest-schema.ts'
import { code, INTRO, page, paragraphs, RUN_REASONS, SDK_SECTIONS, table } from './docs-words.ts'

const root = resolve(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

// ── the SDK: signatures and docstrings by the compiler ──────────────────────────────────────────

function sdkPage(): string {
  const files = ['index', 'testing'].map((name) => join(root, 'packages/sdk/src', `${name}.ts`))
  const program = ts.createProgram(files, {
    ...{ target: ts.ScriptTarget.ES2024, module: ts.ModuleKind.NodeNext, types: ['node'] },
    ...{ strict: true, noEmit: true, allowImportingTsExtensions: true },
  })
  const checker = program.getTypeChecker()
  const printer = ts.createPrinter({ removeComments: true })
  const silent: string[] = []

  const documented = (name: string, symbol: ts.Symbol | undefined, needed = true): string => {
    const text = ts.displayPartsToString(symbol?.getDocumentationComment(checker))
    const tags = symbol?.getJsDocTags(checker).filter((tag) => tag.name === 'throws') ?? []
    if (text === '' && needed) silent.push(name)
    return [text, ...tags.map((tag) => `Throws ${ts.displayPartsToString(tag.text)}`)].join(' ').trim()
  }
  const shown = (node: ts.Node): string =>
    printer
      .printNode(ts.EmitHint.Unspecified, node, node.getSourceFile())
      .replace(/\breadonly (?!\w+\[\]|\(|Record)|;$/g, '')
      .replace(/;\s+\}/g, ' }')
  const signatures = (symbol: ts.Symbol, at: ts.Node): string[] => {
    const type = checker.getTypeOfSymbol(symbol)
    const [calls, makes] = [type.getCallSignatures(), type.getConstructSignatures()]
    const text = (one: ts.Signature) => checker.signatureToString(one, at, ts.TypeFormatFlags.NoTruncation)
    return [
      ...calls.map((one) => symbol.name + text(one)),
      ...makes.map((one) => `new ${symbol.name}${text(one)}`),
    ]
  }
  const membersOf = (name: string, node: ts.Node): string[][] => {
    if (!ts.isInterfaceDeclaration(node) && !ts.isTypeLiteralNode(node) && !ts.isClassDeclaration(node))
      return []
    return checker
      .getTypeAtLocation(node)
      .getProperties()
      .flatMap((symbol) => {
        const [member] = symbol.declarations ?? []
        if (!member?.getSourceFile().fileName.includes('/sdk/') || symbol.name.startsWith('__')) return []
        const isMethod = ts.isMethodSignature(member) && name !== 'Logger'
        return [[shown(member), documented(`${name}.${symbol.name}`, symbol, isMethod)]]
      })
  }
  const targetOf = (symbol: ts.Symbol) =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  const entry = (symbol: ts.Symbol): string => {
    const target = targetOf(symbol)
    const [node] = target.declarations ?? []
    if (!node) throw new Error(`${symbol.name} is declared nowhere`)
    const shape = ts.isTypeAliasDeclaration(node) ? node.type : node
    const rows = membersOf(symbol.name, shape)
    const isValue = target.flags & ts.SymbolFlags.Value
    const source = shape !== node && rows.length === 0 ? [shown(node).replace(/^export /, '')] : []
    const blocks = isValue ? signatures(target, node) : source
    return paragraphs(
      `### \`${symbol.name}\``,
      documented(symbol.name, target),
      ...blocks.map((text) => `\`\`\`typescript\n${text}\n\`\`\``),
      table(['', ''], rows),
    )
  }

  const exported = files.flatMap((file) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(file) as ts.Node)
    return module ? checker.getExportsOfModule(module) : []
  })
  const bySection = Map.groupBy(exported, (symbol) => {
    const file = targetOf(symbol).declarations?.[0]?.getSourceFile().fileName ?? ''
    return SDK_SECTIONS.find(({ files: its }) => its.includes(basename(file)))?.title ?? 'Helpers'
  })
  const sections = SDK_SECTIONS.map(({ title, text, first = [] }) => {
    const rank = ({ name }: ts.Symbol) => (first.includes(name) ? first.indexOf(name) : first.length)
    const entries = (bySection.get(title) ?? []).toSorted((a, b) => rank(a) - rank(b))
    return paragraphs(`## ${title}`, text, ...entries.map(entry))
  })
  if (silent.length > 0) throw new Error(`packages/sdk: without a docstring: ${silent.join(', ')}`)
  return page(INTRO.sdk, 'packages/sdk/src', ...sections)
}

// ── configuration and manifest: the JSON Schemas ────────────────────────────────────────────────

interface Schema {
  readonly [key: string]: unknown
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly additionalProperties?: Schema | boolean
}

function typeOf(schema: Schema): string {
  const { type, anyOf, items, additionalProperties: inside } = schema
  const values = schema['enum'] ?? ('const' in schema ? [schema['const']] : null)
  if (Array.isArray(values)) return values.map((value) => code(String(value))).join(' or ')
  if (anyOf && String(anyOf[0]?.['pattern']).includes('[smhd]')) return 'duration'
  if (anyOf) return [...new Set(anyOf.map(typeOf))].join(' or ')
  if (Array.isArray(type)) return type.map((one) => typeOf({ type: one })).join(' or ')
  if (type === 'array') return `list${items && !items.properties ? ` of ${typeOf(items)}` : ''}`
  if (type === 'object') return typeof inside === 'object' ? `map to ${typeOf(inside)}` : 'map'
  if (type === 'string') return schema['format'] === 'uri' ? 'URL' : 'text'
  if (type === 'null') return '`null`'
  if (type === undefined) return 'anything'
  const bound = (key: string) => Number(schema[key])
  const least = 'minimum' in schema ? bound('minimum') : bound('exclusiveMinimum') + 1
  // Without a bound of its own a whole number has those of JavaScript.
  const range =
    bound('maximum') < 1e15 ? ` ${least} to ${bound('maximum')}` : least > -1e15 ? ` from ${least}` : ''
  return `${type === 'integer' ? 'whole number' : String(type)}${range}`
}

/** One row per key that holds a value, by its full name. */
function rowsOf(name: string, schema: Schema, required = ''): string[][] {
  const { properties, items, anyOf, additionalProperties: inside } = schema
  const isMap = ({ properties: its }: Schema) => its !== undefined
  if (properties) {
    const needed = [schema['required'] ?? []].flat()
    return Object.entries(properties).flatMap(([key, value]) => {
      const full = name === '' ? key : `${name}.${key}`
      return rowsOf(full, value, needed.includes(key) ? 'required' : '')
    })
  }
  if (items && [items, ...(items.anyOf ?? [])].some(isMap)) return rowsOf(`${name}[]`, items)
  if (typeof inside === 'object' && isMap(inside)) return rowsOf(`${name}.NAME`, inside)
  if (anyOf?.some(isMap)) return anyOf.flatMap((one) => rowsOf(name, one))
  const said = String(schema['description'] ?? '')
  const [tail = '', written] = /(?:^|[;.] )[Dd]efault(?: of each)?: (.+?)\.?$/.exec(said) ?? []
  const preset = schema['default'] === undefined ? '' : code(JSON.stringify(schema['default']))
  const standard = written ?? (required || preset)
  return [[name, typeOf(schema), standard, said.slice(0, said.length - tail.length)]]
}

function schemaPage(intro: string, from: string, schema: Schema): string {
  const rows = Map.groupBy(rowsOf('', schema), ([name = '']) => /^\w+(?=\.|\[\]\.)/.exec(name)?.[0] ?? '')
  const parts = [...rows].flatMap(([key, some]) => {
    const description = schema.properties?.[key]?.['description']
    const head =
      key === '' ? [] : [`## \`${key}\``, description === undefined ? '' : `${String(description)}.`]
    return [...head, table(['key', 'type', 'default', ''], some)]
  })
  return page(intro, from, ...parts)
}

// ── errors ──────────────────────────────────────────────────────────────────────────────────────

function errorsPage(): string {
  const source = read('packages/hookyard/src/lib/errors.ts')
  const codes = Object.entries(CODES).map(([name, status]) => {
    const [, meaning] = new RegExp(`^  ${name}: \\d+, // (.+)$`, 'm').exec(source) ?? []
    if (meaning === undefined) throw new Error(`lib/errors.ts does not say what ${name} means`)
    return [name, String(status), meaning]
  })
  const sentences = read('packages/hookyard/src/explain/reasons.ts').matchAll(/^ {2}(\w+): \(/gm)
  const decisions = [...sentences].map(([, reason = '']) => {
    const decision = { user: 'USER', module: 'MODULE', outcome: 'skipped', reason } as const
    return [reason, explainDecision(decision as Parameters<typeof explainDecision>[0])]
  })
  return page(
    INTRO.errors,
    'packages/hookyard/src/{lib/errors,explain/reasons}.ts and scripts/docs-words.ts',
    ...[INTRO.http, table(['code', 'status', 'means'], codes)],
    ...[INTRO.decisions, table(['reason', 'means'], decisions)],
    ...[INTRO.runs, table(['reason', 'means'], Object.entries(RUN_REASONS)), INTRO.exits],
  )
}

// ── the command line ────────────────────────────────────────────────────────────────────────────

/** The program is caught as it is about to read its arguments. */
async function cliPage(): Promise<string> {
  const { promise, resolve: caught } = Promise.withResolvers<Command>()
  Command.prototype.parseAsync = function (this: Command) {
    caught(this)
    return Promise.resolve(this)
  }
  await import('../packages/hookyard/src/cli/index.ts')
  const hookyard = await promise
  const help = hookyard.createHelp()
  const section = (command: Command): string => {
    const taken = help
      .visibleArguments(command)
      .map((one) => [help.argumentTerm(one), help.argumentDescription(one)])
    const options = help
      .visibleOptions(command)
      .map((one) => [help.optionTerm(one), help.optionDescription(one)])
    const rows = [...taken, ...options].filter(([term]) => term !== '-h, --help')
    const usage = `\`\`\`text\n${help.commandUsage(command)}\n\`\`\``
    return paragraphs(
      `## \`${command.name()}\``,
      help.subcommandDescription(command),
      usage,
      table(['', ''], rows),
    )
  }
  const commands = help.visibleCommands(hookyard).filter((command) => command.name() !== 'help')
  return page(INTRO.cli, 'packages/hookyard/src/cli/index.ts', ...commands.map(section))
}

const json = (schema: object) => `${JSON.stringify(schema, null, 2)}\n`
const made: Readonly<Record<string, string>> = {
  'schema/hookyard.schema.json': json(configJsonSchema),
  'schema/module.schema.json': json(manifestJsonSchema),
  'docs/sdk.md': sdkPage(),
  'docs/reference-configuration.md': schemaPage(
    INTRO.configuration,
    'packages/hookyard/src/config/schema.ts',
    toJsonSchema(configSchema),
  ),
  'docs/reference-manifest.md': schemaPage(
    INTRO.manifest,
    'packages/hookyard/src/registry/manifest-schema.ts',
    manifestJsonSchema,
  ),
  'docs/reference-errors.md': errorsPage(),
  'docs/reference-cli.md': await cliPage(),
}
const stale = Object.keys(made).filter((path) => !existsSync(join(root, path)) || read(path) !== made[path])
if (process.argv.includes('--check')) {
  for (const path of stale) console.error(`${path} is stale: npm run docs`)
  process.exitCode = Math.min(stale.length, 1)
} else for (const path of stale) writeFileSync(join(root, path), made[path] ?? '')
