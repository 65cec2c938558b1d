// The body of an invocation, checked as far as it can be without the module's own code.
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { formatPath } from '../config/problem.ts'
import { formatEntity, NO_ENTITY, parseEntity } from '../entity/entity.ts'
import { UserError } from '../lib/errors.ts'
import { compileSchema, type SchemaCheck } from '../registry/json-schema-check.ts'
import type { Manifest } from '../registry/manifest.ts'

/** The body's shape. */
export const InvokeBody = z.strictObject({
  entity: z
    .string()
    .max(1_000)
    .optional()
    .describe('What the run is about, as the module’s subject wants it'),
  input: z.unknown().optional().describe('As the module’s `input` schema wants it'),
  idempotency_key: z
    .string()
    .min(1)
    .max(255)
    .optional()
    .describe('Sent again with the same body it starts nothing and names the same run'),
  respect_cooldown: z.boolean().optional().describe('Refuse while a cooldown window is open'),
})

/** What an invocation asks for. */
export interface Invocation {
  readonly entity: string
  /** `owner/name` in lower case, or null: caps per repository and journals go by it. */
  readonly repository: string | null
  /** With the defaults of the manifest's schema; null when there is none. */
  readonly input: unknown
  readonly idempotencyKey: string | undefined
  readonly respectCooldown: boolean
  /** Equal for equal requests: of what was sent, without the schema's defaults and the key itself. */
  readonly fingerprint: string
}

/** Fits an invocation to the module. @throws UserError invalid_input, naming the path and what is wanted there */
export function readInvocation(manifest: Manifest, body: z.output<typeof InvokeBody>): Invocation {
  const { entity, input, idempotency_key, respect_cooldown: respectCooldown = false } = body
  const about = entityFor(manifest, entity?.trim() ?? NO_ENTITY)
  return {
    ...about,
    input: checkInput(manifest, input),
    idempotencyKey: idempotency_key,
    respectCooldown,
    fingerprint: fingerprintOf({ entity: about.entity, input: input ?? null, respectCooldown }),
  }
}

const SUBJECTS = {
  pull_request: { about: 'a pull request', wants: 'owner/repo#42' },
  issue: { about: 'an issue', wants: 'owner/repo#42' },
  repository: { about: 'a repository', wants: 'owner/repo' },
  none: { about: 'nothing on GitHub', wants: 'owner/repo, owner/repo#42, `-`, or no entity' },
} as const

/** Fits the entity to what the module's runs are about. */
function entityFor(manifest: Manifest, entity: string): { entity: string; repository: string | null } {
  const parts = parseEntity(entity)
  const fits = {
    pull_request: parts?.number !== undefined,
    issue: parts?.number !== undefined,
    // A ref as well: the runs that a push started are about `owner/repo@ref`.
    repository: parts !== null && parts.number === undefined,
    // It loads nothing, so any entity will do: windows, state and concurrency go by it.
    none: entity === NO_ENTITY || parts !== null,
  }[manifest.subject]
  if (!fits) {
    const { about, wants } = SUBJECTS[manifest.subject]
    const found = entity === NO_ENTITY ? 'is missing' : `${JSON.stringify(entity.slice(0, 200))} does not fit`
    throw new UserError(
      'invalid_input',
      `entity ${found}: ${manifest.name} is about ${about}, so it wants ${wants}`,
    )
  }
  return parts
    ? { entity: formatEntity(parts), repository: parts.repository }
    : { entity: NO_ENTITY, repository: null }
}

const MAX_FAULTS = 5
const compiled = new WeakMap<object, SchemaCheck>()

/** The input with its schema's defaults filled in. A module that declares none gets what was sent. */
function checkInput(manifest: Manifest, input: unknown): unknown {
  if (!manifest.input) return input ?? null
  const { value, faults } = schemaCheck(manifest.input)(input ?? {})
  if (faults.length === 0) return value
  const shown = faults.slice(0, MAX_FAULTS).map(({ path, fault }) => {
    const hint = fault.hint ? ` (${fault.hint})` : ''
    return `${formatPath(['input', ...path]).slice(0, 200)}: found ${fault.found}, expected ${fault.expected}${hint}`
  })
  const more = faults.length > MAX_FAULTS ? [`and ${faults.length - MAX_FAULTS} more`] : []
  throw new UserError('invalid_input', [...shown, ...more].join('; '))
}

/** Compiled once per manifest: compiling takes milliseconds. */
function schemaCheck(schema: Readonly<Record<string, unknown>>): SchemaCheck {
  const check = compiled.get(schema) ?? compileSchema(schema).check
  if (!check) throw new Error('the input schema of a loaded manifest does not compile')
  compiled.set(schema, check)
  return check
}

/** The value's JSON with the keys of every object sorted. The value must come from JSON and nest moderately. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const fields = Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([key, inner]) => `${JSON.stringify(key)}:${canonicalJson(inner)}`).join(',')}}`
}

/** SHA-256 of the canonical JSON, in hex. */
export const fingerprintOf = (value: unknown): string =>
  createHash('sha256').update(canonicalJson(value)).digest('hex')
