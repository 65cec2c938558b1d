// The service itself: how it is, what happened and why, its numbers, a copy of its database.
import type { Readable } from 'node:stream'
import { z } from 'zod'
import type { MayHear } from '../access/reading.ts'
import { UserError } from '../lib/errors.ts'
import { parseTarget, type Target } from '../explain/target.ts'
import type { Trail } from '../explain/why.ts'
import type { Log } from '../lib/log.ts'
import { orUnavailable } from '../receive/errors.ts'
import type { Counts } from '../store/store.ts'
import { type Operation, operation, requireAdminOfAll } from './operation.ts'
import { named, time, isoTime } from './shapes.ts'
import { presentTrail, TrailAnswer } from './trail-shape.ts'
import { visibleTrail } from './visible.ts'

export interface ServiceOperationDeps {
  /** What happened and why; null when nothing is known of the target. */
  readonly trace: (target: Target) => Promise<Trail | null>
  readonly mayHear: MayHear
  /** How much there is of what. */
  readonly counts: () => Promise<Counts>
  readonly about: () => About
  /** All metrics in Prometheus' text format. */
  readonly metrics: () => Promise<string>
  /** The bytes of a consistent copy of the database; null when there is no file to copy. */
  readonly backup: (() => Promise<Readable>) | null
  readonly log: Log
}

export interface About {
  readonly version: string
  /** ms since the epoch */
  readonly startedAt: number
  readonly agent: { readonly backend: string; readonly why: string }
  readonly modules: { readonly enabled: number; readonly disabled: number }
  readonly isolation: z.output<typeof IsolationShape>
}

/** Which walls stand around module processes. */
export const IsolationShape = named(
  'Isolation',
  z.object({
    mode: z.enum(['auto', 'required', 'permission']).describe('`isolation` of the configuration'),
    namespace: z.boolean().describe('Module processes run in a namespace of their own'),
    reason: z.string().describe('Why there is a namespace, or none'),
    fix: z.string().nullable().describe('What to do to have one'),
    permission: z.boolean().describe('Node’s permission model stands'),
    network_refused: z.boolean().describe('Module processes have no network'),
    open: z
      .string()
      .nullable()
      .describe(
        'What is open without a namespace; null: there is one, and SECURITY.md names what it leaves open',
      ),
  }),
)

/** A good answer. */
export const Status = named(
  'Status',
  z.object({
    version: z.string(),
    started_at: time(),
    agent: z.object({ backend: z.string(), why: z.string() }).describe('What answers for the AI, and why it'),
    modules: z.object({ enabled: z.int(), disabled: z.int() }),
    isolation: IsolationShape,
    deliveries: z.object({ received: z.int().describe('Stored, and not yet dispatched') }),
    runs: z.object({ queued: z.int(), running: z.int(), paused: z.int() }),
    messages: z.object({ queued: z.int(), dead: z.int().describe('Refused for good') }),
  }),
)

/** What can be asked about. */
export const WhyTarget = z.strictObject({
  target: z
    .string()
    .min(1)
    .max(2_000)
    .describe('A delivery’s GUID, the URL of a pull request or issue, or `owner/repo#42`'),
})

/** The operations on the service. */
export function serviceOperations(deps: ServiceOperationDeps): Operation[] {
  return [status(deps), why(deps), metrics(deps), backup(deps)]
}

const status = ({ counts, about, log }: ServiceOperationDeps) =>
  operation({
    id: 'getStatus',
    method: 'get',
    path: '/api/status',
    tag: 'service',
    summary: 'Show how the service is',
    scope: 'metrics:read',
    answers: { 200: { description: 'Numbers of this moment', schema: Status } },
    async run() {
      const { version, startedAt, agent, modules, isolation } = about()
      const { received, runs, messages } = await orUnavailable(log, counts())
      const body: z.output<typeof Status> = {
        version,
        started_at: isoTime(startedAt),
        agent,
        modules,
        isolation,
        deliveries: { received },
        runs,
        messages,
      }
      return { status: 200, body }
    },
  })

const why = ({ trace, mayHear, log }: ServiceOperationDeps) =>
  operation({
    id: 'why',
    method: 'get',
    path: '/api/why',
    tag: 'deliveries',
    summary: 'Tell what happened and why',
    description: 'The newest 20 deliveries and runs of a target, with decisions, attempts and messages.',
    scope: 'deliveries:read',
    query: WhyTarget,
    answers: { 200: { description: 'The trail', schema: TrailAnswer } },
    refusals: ['unknown_delivery', 'not_found'],
    async run({ principal, query }) {
      const target = parseTarget(query.target)
      if (!target) {
        throw new UserError(
          'invalid_input',
          'target: give a delivery GUID, the URL of a pull request or issue, or owner/repo#42',
        )
      }
      const trail = await orUnavailable(log, trace(target))
      const seen = trail && (await visibleTrail(principal, trail, mayHear))
      if (seen) return { status: 200, body: presentTrail(seen) }
      const code = target.kind === 'delivery' ? 'unknown_delivery' : 'not_found'
      throw new UserError(code, 'nothing is known of it, among what you may see')
    },
  })

/** What Prometheus wants to be told that it gets. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

const metrics = (deps: ServiceOperationDeps) =>
  operation({
    id: 'getMetrics',
    method: 'get',
    path: '/metrics',
    tag: 'service',
    summary: 'Metrics for Prometheus',
    scope: 'metrics:read',
    answers: {
      200: { description: 'Prometheus’ text format', schema: z.string(), contentType: METRICS_TYPE },
    },
    run: async () => ({ status: 200, body: await orUnavailable(deps.log, deps.metrics()) }),
  })

const backup = (deps: ServiceOperationDeps) =>
  operation({
    id: 'getBackup',
    method: 'get',
    path: '/api/backup',
    tag: 'service',
    summary: 'Copy the database while the service runs',
    description:
      'A consistent copy as one SQLite file. It holds every payload: only an admin’s token with the scope `*` gets it.',
    scope: 'token',
    answers: {
      200: {
        description: 'The file',
        schema: z.string().meta({ contentMediaType: 'application/octet-stream' }),
        contentType: 'application/octet-stream',
      },
    },
    refusals: ['insufficient_scope', 'not_authorized', 'wrong_state', 'storage_unavailable'],
    async run({ principal }) {
      requireAdminOfAll(principal, 'a backup holds everything')
      if (!deps.backup) {
        throw new UserError('wrong_state', 'the database is no file of this service; use pg_dump')
      }
      return { status: 200, body: await orUnavailable(deps.log, deps.backup()) }
    },
  })
