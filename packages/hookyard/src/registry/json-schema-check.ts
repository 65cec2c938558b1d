// JSON Schemas that module authors write: is it one, and does a value fit it? Drafts 2020-12 (default), 2019-09
// and 07, by `$schema`.
import { Ajv } from 'ajv'
import type { ErrorObject, Options, ValidateFunction } from 'ajv'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { nearest } from '../config/hints.ts'
import type { Fault, Path } from '../config/problem.ts'
import type { JsonSchema } from '../config/hints.ts'
import { showValue } from '../config/show.ts'
import { asMap, valueAt } from '../config/value-path.ts'

export interface FaultAt {
  readonly path: Path
  readonly fault: Fault
}

export type CompiledSchema =
  | { readonly check: SchemaCheck; readonly faults: readonly FaultAt[] }
  | { readonly check: null; readonly faults: readonly FaultAt[] }

/** Validates a copy of the value; `value` is that copy with the schema's defaults filled in. */
export type SchemaCheck = (value: unknown) => {
  readonly value: unknown
  readonly faults: readonly (FaultAt & { readonly wants: string | null })[]
}

/** Compiles; what is wrong with the schema comes back as faults with paths inside it. Never throws. */
export function compileSchema(schema: JsonSchema): CompiledSchema {
  const said: string[] = []
  const ajv = createAjv(schema, said)
  if (ajv === null) {
    const expected = 'draft 2020-12, 2019-09 or 07'
    return { check: null, faults: [{ path: ['$schema'], fault: { found: 'an unknown draft', expected } }] }
  }
  try {
    if (ajv.validateSchema(schema) !== true) {
      return {
        check: null,
        faults: distinctPlaces(ajv.errors ?? []).map((error) => schemaFault(error, schema)),
      }
    }
    const validator = ajv.compile(schema)
    const faults = misspelt(ajv, schema, said)
    return faults.length > 0 ? { check: null, faults } : { check: checkWith(validator), faults: [] }
  } catch (error) {
    const found = `a schema that does not compile (${error instanceof Error ? error.message.slice(0, 200) : 'unknown'})`
    return { check: null, faults: [{ path: [], fault: { found, expected: 'a valid JSON Schema' } }] }
  }
}

function createAjv(schema: JsonSchema, said: string[]): Ajv | null {
  const logger = { log() {}, error() {}, warn: (...words: unknown[]) => said.push(words.join(' ')) }
  const options: Options = {
    strict: false,
    strictSchema: 'log',
    allErrors: true,
    verbose: true,
    useDefaults: true,
    logger,
  }
  const draft = typeof schema['$schema'] === 'string' ? schema['$schema'] : '2020-12'
  const ajv = draft.includes('2020-12')
    ? new Ajv2020(options)
    : draft.includes('2019-09')
      ? new Ajv2019(options)
      : draft.includes('draft-07')
        ? new Ajv(options)
        : null
  if (ajv === null) return null
  addFormats.default(ajv)
  // A format that nobody knows is a remark, not a rule; ajv would refuse the whole schema.
  for (const format of formatsIn(schema)) if (!Object.hasOwn(ajv.formats, format)) ajv.addFormat(format, true)
  return ajv
}

function formatsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  const own = 'format' in value && typeof value.format === 'string' ? [value.format] : []
  return [...own, ...Object.values(value).flatMap(formatsIn)]
}

/** Keywords that ajv does not know but that are near to one it knows: a slip, which would check nothing. */
function misspelt(ajv: Ajv, schema: JsonSchema, said: string[]): FaultAt[] {
  const known = ['type', 'properties', 'required', ...Object.keys(ajv.RULES.keywords)]
  const unknown = said.flatMap((words) => /^strict mode: unknown keyword: "(.+)"$/.exec(words)?.[1] ?? [])
  return [...new Set(unknown)].flatMap((keyword) => {
    const meant = nearest(keyword, known)
    if (meant === null) return []
    const fault = {
      found: 'a keyword that JSON Schema does not have',
      expected: 'a known one',
      hint: `write ${meant}`,
    }
    return [{ path: pathOfKey(schema, keyword) ?? [], fault }]
  })
}

function pathOfKey(value: unknown, key: string, path: Path = []): Path | null {
  if (typeof value !== 'object' || value === null) return null
  if (Object.hasOwn(value, key) && !Array.isArray(value)) return [...path, key]
  for (const [part, inner] of Object.entries(value)) {
    const found = pathOfKey(inner, key, [...path, Array.isArray(value) ? Number(part) : part])
    if (found) return found
  }
  return null
}

function checkWith(validator: ValidateFunction): SchemaCheck {
  return (value) => {
    const copy: unknown = structuredClone(value)
    if (validator(copy)) return { value: copy, faults: [] }
    const faults = distinctPlaces(validator.errors ?? []).map((error) => valueFault(error, copy))
    return { value: copy, faults }
  }
}

/** One error per place: the first, which is the most specific. */
function distinctPlaces(errors: readonly ErrorObject[]): ErrorObject[] {
  const places = new Set<string>()
  return errors.filter((error) => {
    const place = `${error.instancePath} ${String(asMap(error.params)['additionalProperty'] ?? '')}${String(asMap(error.params)['missingProperty'] ?? '')}`
    return places.has(place) ? false : Boolean(places.add(place))
  })
}

function schemaFault(error: ErrorObject, schema: JsonSchema): FaultAt {
  const path = toPath(error.instancePath, schema)
  const values: unknown = asMap(error.params)['allowedValues']
  const found = showValue(valueAt(schema, path))
  if (!Array.isArray(values)) return { path, fault: { found, expected: `JSON Schema (${error.message})` } }
  const written = valueAt(schema, path)
  const meant = typeof written === 'string' ? nearest(written, values.map(String)) : null
  return { path, fault: { found, expected: `one of ${values.join(', ')}`, hint: meant && `write ${meant}` } }
}

function valueFault(error: ErrorObject, value: unknown): ReturnType<SchemaCheck>['faults'][number] {
  const base = toPath(error.instancePath, value)
  const { additionalProperty, missingProperty, allowedValues, type } = asMap(error.params)
  const known = Object.keys(asMap(asMap(error.parentSchema)['properties']))
  if (typeof additionalProperty === 'string') {
    const meant = nearest(additionalProperty, known)
    const fault = { found: 'an unknown key', expected: 'a known one', hint: meant && `write ${meant}` }
    return { path: [...base, additionalProperty], fault, wants: null }
  }
  if (typeof missingProperty === 'string') {
    const fault = { found: 'nothing', expected: `a value for ${missingProperty}` }
    return { path: [...base, missingProperty], fault, wants: null }
  }
  const expected = Array.isArray(allowedValues)
    ? `one of ${allowedValues.join(', ')}`
    : (error.message ?? 'something else').replace(/^must be /, '').replace(/^must /, 'what does ')
  const fault = { found: showValue(valueAt(value, base), base), expected }
  return { path: base, fault, wants: typeof type === 'string' ? type : null }
}

/** A JSON pointer as a path; numbers are list positions only where a list is. */
function toPath(pointer: string, value: unknown): Path {
  const parts = pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  const path: (string | number)[] = []
  for (const part of parts) path.push(Array.isArray(valueAt(value, path)) ? Number(part) : part)
  return path
}
