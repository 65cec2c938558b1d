// Cuts GitHub's OpenAPI description down to the operations that the stand-in for GitHub serves. The whole
// description is a package of 385 MB, so it is no dependency: it is fetched into a temporary folder, read
// once, and what is left of it is committed. Run again after adding to OPERATIONS or raising VERSION.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const PACKAGE = '@octokit/openapi'
const VERSION = '23.0.2'
const INSIDE = 'package/generated/api.github.com.json'
const OUTPUT = fileURLToPath(new URL('../packages/standins/src/github/openapi.json', import.meta.url))
const REPO = '/repos/{owner}/{repo}'

/** Every operation that packages/standins/src/github answers: path, then methods. */
const OPERATIONS: Readonly<Record<string, readonly string[]>> = {
  [REPO]: ['get'],
  [`${REPO}/pulls`]: ['get'],
  [`${REPO}/pulls/{pull_number}`]: ['get'],
  [`${REPO}/pulls/{pull_number}/files`]: ['get'],
  [`${REPO}/pulls/{pull_number}/commits`]: ['get'],
  [`${REPO}/pulls/{pull_number}/comments`]: ['get', 'post'],
  [`${REPO}/pulls/comments/{comment_id}`]: ['get', 'patch'],
  [`${REPO}/pulls/{pull_number}/reviews`]: ['get', 'post'],
  [`${REPO}/pulls/{pull_number}/reviews/{review_id}`]: ['get', 'put'],
  [`${REPO}/pulls/{pull_number}/reviews/{review_id}/comments`]: ['get'],
  [`${REPO}/pulls/{pull_number}/reviews/{review_id}/dismissals`]: ['put'],
  [`${REPO}/issues`]: ['get'],
  [`${REPO}/issues/comments`]: ['get'],
  [`${REPO}/issues/comments/{comment_id}`]: ['get', 'patch', 'delete'],
  [`${REPO}/issues/comments/{comment_id}/reactions`]: ['get', 'post'],
  [`${REPO}/issues/{issue_number}`]: ['get'],
  [`${REPO}/issues/{issue_number}/comments`]: ['get', 'post'],
  [`${REPO}/issues/{issue_number}/labels`]: ['get', 'post'],
  [`${REPO}/issues/{issue_number}/labels/{name}`]: ['delete'],
  [`${REPO}/issues/{issue_number}/reactions`]: ['post'],
  [`${REPO}/labels`]: ['get', 'post'],
  [`${REPO}/labels/{name}`]: ['get'],
  [`${REPO}/contents/{path}`]: ['get'],
  [`${REPO}/commits`]: ['get'],
  [`${REPO}/commits/{ref}`]: ['get'],
  [`${REPO}/commits/{ref}/check-runs`]: ['get'],
  [`${REPO}/check-runs`]: ['post'],
  [`${REPO}/check-runs/{check_run_id}`]: ['get', 'patch'],
  [`${REPO}/collaborators/{username}/permission`]: ['get'],
  [`${REPO}/hooks`]: ['get', 'post'],
  [`${REPO}/hooks/{hook_id}`]: ['get', 'patch', 'delete'],
  [`${REPO}/hooks/{hook_id}/pings`]: ['post'],
  [`${REPO}/hooks/{hook_id}/deliveries`]: ['get'],
  [`${REPO}/hooks/{hook_id}/deliveries/{delivery_id}`]: ['get'],
  [`${REPO}/hooks/{hook_id}/deliveries/{delivery_id}/attempts`]: ['post'],
  [`${REPO}/installation`]: ['get'],
  '/search/issues': ['get'],
  '/user': ['get'],
  '/users/{username}': ['get'],
  '/rate_limit': ['get'],
  '/app': ['get'],
  '/app/installations': ['get'],
  '/app/installations/{installation_id}/access_tokens': ['post'],
  '/app/hook/deliveries': ['get'],
  '/app/hook/deliveries/{delivery_id}': ['get'],
  '/app/hook/deliveries/{delivery_id}/attempts': ['post'],
  '/installation/repositories': ['get'],
}

const HELP = `Usage: node scripts/extract-openapi.ts [--from FILE] [--output FILE] [--check]

Extracts the GitHub operations that the stand-in serves from ${PACKAGE}@${VERSION}.
  --from FILE    an unpacked api.github.com.json; without it the package is fetched with npm pack
  --output FILE  where to write (default: packages/standins/src/github/openapi.json)
  --check        write nothing; exit 1 when the file differs from what would be written
`

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
type JsonObject = { [key: string]: Json }

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Keys that say nothing about what is valid. */
const PROSE = new Set([
  'description',
  'title',
  'example',
  'examples',
  'summary',
  'tags',
  'externalDocs',
  'default',
])

function main(): number {
  const { values } = parseArgs({
    options: {
      from: { type: 'string' },
      output: { type: 'string', default: OUTPUT },
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return say(HELP)
  const whole = values.from ? readDescription(values.from) : fetchDescription()
  const slim = extract(whole)
  const text = `${JSON.stringify(slim, null, 1)}\n`
  const counts = `${operationCount(slim)} operations, ${Object.keys(schemasOf(slim)).length} schemas, ${Math.round(text.length / 1024)} KiB`
  if (values.check) {
    const same = readFileSync(values.output, 'utf8') === text
    say(
      `${values.output} ${same ? 'is what would be extracted' : 'differs: run scripts/extract-openapi.ts'} (${counts})\n`,
    )
    return same ? 0 : 1
  }
  writeFileSync(values.output, text)
  return say(`wrote ${values.output}: ${counts} of ${PACKAGE}@${VERSION}\n`)
}

function say(text: string): number {
  process.stdout.write(text)
  return 0
}

const readDescription = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as JsonObject

function fetchDescription(): JsonObject {
  const folder = mkdtempSync(join(tmpdir(), 'extract-openapi-'))
  try {
    say(`fetching ${PACKAGE}@${VERSION} …\n`)
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
    const packed = execFileSync(npm, ['pack', `${PACKAGE}@${VERSION}`, '--silent'], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const tarball = packed.trim().split('\n').at(-1) ?? ''
    execFileSync('tar', ['xzf', tarball, INSIDE], { cwd: folder })
    return readDescription(join(folder, INSIDE))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The description with only OPERATIONS and the schemas that they reach. */
function extract(whole: JsonObject): JsonObject {
  const paths: JsonObject = {}
  for (const [path, methods] of Object.entries(OPERATIONS)) {
    const operations = methods.map((method): [string, Json] => [method, slimOperation(whole, path, method)])
    paths[path] = Object.fromEntries(operations)
  }
  const schemas: JsonObject = {}
  const all = isObject(whole.components) && isObject(whole.components.schemas) ? whole.components.schemas : {}
  const wanted = [...references(paths)]
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    if (name in schemas) continue
    const schema = slimSchema(all[name] ?? fail(`schema ${name} is referenced but missing`))
    schemas[name] = schema
    wanted.push(...references(schema))
  }
  const sorted = Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1)))
  return {
    openapi: whole.openapi ?? '',
    info: {
      title: "GitHub's REST API: the operations that the stand-in serves",
      version: VERSION,
      license: { name: 'MIT' },
      'x-source': `${PACKAGE}@${VERSION}, extracted by scripts/extract-openapi.ts; do not edit`,
    },
    paths,
    components: { schemas: sorted },
  }
}

function slimOperation(whole: JsonObject, path: string, method: string): Json {
  const paths = isObject(whole.paths) ? whole.paths : {}
  const item = paths[path]
  const operation = isObject(item) ? item[method] : undefined
  if (!isObject(operation)) return fail(`${method.toUpperCase()} ${path} is not in the description`)
  const docs = isObject(operation.externalDocs) ? operation.externalDocs.url : undefined
  const parameters = Array.isArray(operation.parameters) ? operation.parameters : []
  const body = resolve(whole, operation.requestBody)
  const responses = isObject(operation.responses) ? operation.responses : {}
  return {
    operationId: operation.operationId ?? '',
    externalDocs: { url: docs ?? 'https://docs.github.com/rest' },
    parameters: parameters.map((parameter) => slimParameter(resolve(whole, parameter))),
    ...(body ? { requestBody: { required: body.required ?? false, ...jsonContent(body) } } : {}),
    responses: Object.fromEntries(
      Object.entries(responses).map(([status, response]) => [
        status,
        jsonContent(resolve(whole, response) ?? {}),
      ]),
    ),
  }
}

function slimParameter(parameter: JsonObject | undefined): Json {
  if (!parameter) return fail('a parameter cannot be resolved')
  const { name = '', in: where = '', required = false, schema = {} } = parameter
  return { name, in: where, ...(required ? { required } : {}), schema: slimSchema(schema) }
}

function jsonContent(holder: JsonObject): JsonObject {
  const content = isObject(holder.content) ? holder.content['application/json'] : undefined
  const schema = isObject(content) ? content.schema : undefined
  return schema === undefined ? {} : { content: { 'application/json': { schema: slimSchema(schema) } } }
}

function resolve(whole: JsonObject, value: Json | undefined): JsonObject | undefined {
  if (!isObject(value)) return undefined
  if (typeof value.$ref !== 'string') return value
  const target = value.$ref
    .slice(2)
    .split('/')
    .reduce<Json | undefined>((at, key) => (isObject(at) ? at[key] : undefined), whole)
  return resolve(whole, target)
}

/** A schema without prose. Under `properties` every key is a name, so nothing is dropped there. */
function slimSchema(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(slimSchema)
  if (!isObject(schema)) return schema
  const slim: JsonObject = {}
  for (const [key, value] of Object.entries(schema)) {
    if (PROSE.has(key) || key.startsWith('x-')) continue
    if (key === 'enum' || key === 'required') slim[key] = value
    else if (key === 'properties' && isObject(value)) {
      slim[key] = Object.fromEntries(
        Object.entries(value).map(([name, property]) => [name, slimSchema(property)]),
      )
    } else slim[key] = slimSchema(value)
  }
  return slim
}

function* references(value: Json): Generator<string> {
  if (Array.isArray(value)) for (const entry of value) yield* references(entry)
  else if (isObject(value)) {
    if (typeof value.$ref === 'string') yield value.$ref.split('/').at(-1) ?? ''
    else for (const entry of Object.values(value)) yield* references(entry)
  }
}

const schemasOf = (slim: JsonObject) =>
  isObject(slim.components) && isObject(slim.components.schemas) ? slim.components.schemas : {}

const operationCount = (slim: JsonObject) =>
  Object.values(isObject(slim.paths) ? slim.paths : {}).reduce(
    (sum: number, item) => sum + Object.keys(item ?? {}).length,
    0,
  )

function fail(message: string): never {
  throw new Error(`extract-openapi: ${message}; look at OPERATIONS and VERSION in scripts/extract-openapi.ts`)
}

process.exitCode = main()
