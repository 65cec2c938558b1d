// module.yaml as it is written (contract section 3): validation, defaults and JSON Schema from one source.
import { Cron } from 'croner'
import { z } from 'zod'
import { says } from '../config/schema-parts.ts'
import { toJsonSchema } from '../config/json-schema.ts'
import { needsSchema } from '../config/needs.ts'
import { CONCURRENCY, ON_COOLDOWN, policy, text } from '../config/schema-parts.ts'
import { GITHUB_EVENTS } from './github-events.ts'

export const NAME_PATTERN = /^[a-z][a-z0-9-]{0,62}$/
export const SUBJECTS = ['pull_request', 'issue', 'repository', 'none'] as const
export const GRANTS = ['comment', 'review', 'label', 'check', 'project'] as const

const NAME = 'a name of a-z, 0-9 and -, which begins with a letter'
const FLAG = 'a flag of letters, digits, _ and -, which begins with a letter'
const EVENT = 'the name of a GitHub webhook event'
const ACTION = 'the name of an action'
const COMMAND = 'a command of a-z, 0-9, _ and -, without the slash'
const CRON = 'five cron fields: minute hour day month weekday'

const event = () =>
  z
    .string({ error: EVENT })
    .regex(/^[a-z][a-z0-9_]{0,63}$/, { error: says(EVENT, 'write webhook: EVENT and actions: [ACTION, …]') })

const action = () => z.string({ error: ACTION }).regex(/^[a-zA-Z][\w-]{0,63}$/, { error: ACTION })

/** How often a debounced event may start anew, when `max_wait` does not say it. */
const MAX_WAIT_FACTOR = 10

const webhookTrigger = z
  .strictObject({
    webhook: event().meta({ description: 'GitHub webhook event', examples: Object.keys(GITHUB_EVENTS) }),
    actions: z
      .array(action())
      .min(1, { error: says('at least one action', 'leave actions out when any action will do') })
      .optional()
      .describe('Omitted: any action'),
    cooldown: policy.cooldown().default(0).describe('Per module and entity; default: 0'),
    on_cooldown: z.enum(ON_COOLDOWN).default('skip').describe('What becomes of events inside the cooldown'),
    debounce: policy.debounce().default(0).describe('Wait for quiet; the newest delivery wins'),
    max_wait: policy
      .maxWait()
      .optional()
      .describe('But no longer than this after the first; default: 10 x debounce'),
  })
  .transform(({ webhook, actions, cooldown, on_cooldown, debounce, max_wait }) => ({
    type: 'webhook' as const,
    event: webhook,
    actions: actions ?? null,
    cooldownMs: cooldown,
    onCooldown: on_cooldown,
    debounceMs: debounce,
    maxWaitMs: max_wait ?? debounce * MAX_WAIT_FACTOR,
  }))

const commandTrigger = z
  .strictObject({
    command: z
      .string({ error: COMMAND })
      .regex(/^[a-z][a-z0-9_-]{0,31}$/, { error: says(COMMAND, 'write it like command: review') })
      .describe('A comment line `/COMMAND` by someone with write access'),
  })
  .transform(({ command }) => ({ type: 'command' as const, command }))

const scheduleTrigger = z
  .strictObject({
    schedule: z
      .string({ error: says(CRON, 'write it in quotes, like "0 9 * * 1-5"') })
      .refine(ticks, { error: says(CRON, 'write a time that comes, like "0 9 * * 1-5"') })
      .describe('Cron: minute hour day month weekday'),
    timezone: z
      .string({ error: 'a time zone like Europe/Berlin' })
      .refine(isTimezone, { error: 'a time zone like Europe/Berlin' })
      .optional(),
  })
  .transform(({ schedule, timezone = null }) => ({
    type: 'schedule' as const,
    cron: schedule.trim(),
    timezone,
  }))

/** Whether the pattern is five fields (or @daily and its kin) and will ever tick. */
function ticks(pattern: string): boolean {
  if (!/^@[a-z]+$/i.test(pattern.trim()) && pattern.trim().split(/\s+/).length !== 5) return false
  try {
    return new Cron(pattern.trim(), { paused: true, mode: '5-part', timezone: 'UTC' }).nextRun() !== null
  } catch {
    return false
  }
}

function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

const globs = (description: string) => z.array(text('a pattern')).default([]).describe(description)

const filters = z
  .strictObject({
    draft: z.boolean().nullable().default(null).describe('Omitted: drafts and ready ones alike'),
    ignore_bots: z.boolean().default(true),
    branches: globs("A pull request's base, a push's ref"),
    labels: globs('Labels of the pull request or issue'),
    authors: globs('Of the pull request or issue'),
    paths: globs('Changed files'),
  })
  .transform(({ ignore_bots: ignoreBots, ...filters }) => ({ ...filters, ignoreBots }))

const embeddedSchema = (description: string) =>
  z.record(z.string(), z.unknown(), { error: 'a JSON Schema (a map)' }).optional().describe(description)

export const manifestSchema = z
  .strictObject({
    name: z
      .string({ error: NAME })
      .regex(NAME_PATTERN, { error: says(NAME, "write the folder's name") })
      .describe("The folder's name"),
    description: z.string().max(1_000).default(''),
    handler: text('the path of a file').optional().describe('Default: ./handler.ts, else ./handler.js'),
    subject: z.enum(SUBJECTS).describe('What a run is about'),
    feature_flag: z
      .string({ error: FLAG })
      .regex(/^[A-Za-z][\w-]{0,62}$/, { error: FLAG })
      .optional()
      .describe('Only users with this flag get it; without one: every subscriber'),
    triggers: z
      .array(
        z.union([webhookTrigger, commandTrigger, scheduleTrigger], {
          error: 'a trigger: webhook, command or schedule',
        }),
      )
      .max(200)
      .default([]),
    when: filters.prefault({}).describe('All given ones must hold'),
    cancel_on: z
      .array(action())
      .default([])
      .describe('Actions of the same event that cancel a waiting or running run of the entity'),
    may: z.array(z.enum(GRANTS)).default([]).describe('What a run may write, and only on its subject'),
    needs: needsSchema()
      .prefault({})
      .describe('What it reaches beyond its box, as far as `modules.NAME.allow` grants the same'),
    concurrency: z.enum(CONCURRENCY).default('queue').describe('Per entity'),
    timeout: policy.timeout().default(600_000).describe('Default: 10m'),
    retries: z
      .strictObject({
        max: policy.retries().default(3).describe('Repeats after the first attempt'),
        backoff: policy.backoff().default(10_000).describe('Exponential with jitter; default: 10s'),
      })
      .transform(({ max, backoff: backoffMs }) => ({ max, backoffMs }))
      .prefault({}),
    invoke: z.boolean().default(true).describe('false: no invoke'),
    input: embeddedSchema("JSON Schema of the invoke body's `input`"),
    config: embeddedSchema('JSON Schema of `modules.NAME.config`'),
  })
  .meta({ title: 'module.yaml', description: 'Manifest of a Hookyard module' })

/** What the file says, with defaults; durations in milliseconds. */
export type ManifestFile = z.output<typeof manifestSchema>

/** `schema/module.schema.json`. */
export const manifestJsonSchema = toJsonSchema(manifestSchema)
