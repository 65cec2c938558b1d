// The service itself: its state, what happened and why, its metrics, a copy of its database.
import { z } from 'zod'
import { UserError } from '../lib/errors.ts'
import { parseTarget } from '../explain/target.ts'
import type { ApiDeps } from './deps.ts'
import { operation, requireAdminOfAll } from './operation.ts'
import { Status } from './service-shape.ts'
import { isoTime } from './shapes.ts'
import { presentTrail, TrailAnswer } from './trail-shape.ts'
import { visibleTrail } from './visible.ts'

/** What can be asked about. */
export const WhyTarget = z.strictObject({
  target: z
    .string()
    .min(1)
    .max(2_000)
    .describe('A delivery’s GUID, the URL of a pull request or issue, or `owner/repo#42`'),
})

const status = ({ counts, about }: ApiDeps) =>
  operation('getStatus', 'GET /api/status', {
    summary: 'Show how the service is',
    scope: 'metrics:read',
    answers: { 200: { description: 'Numbers of this moment', schema: Status } },
    async run() {
      const { startedAt, ...rest } = about()
      const { received, ...counted } = await counts()
      const body = { ...rest, started_at: isoTime(startedAt), deliveries: { received }, ...counted }
      return { status: 200, body: body satisfies z.output<typeof Status> }
    },
  })

const why = ({ trace, mayHear }: ApiDeps) =>
  operation('why', 'GET /api/why', {
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
      const trail = await trace(target)
      const seen = trail && (await visibleTrail(principal, trail, mayHear))
      if (seen) return { status: 200, body: presentTrail(seen) }
      const code = target.kind === 'delivery' ? 'unknown_delivery' : 'not_found'
      throw new UserError(code, 'nothing is known of it, among what you may see')
    },
  })

/** The content type that Prometheus expects. */
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

const metrics = (deps: ApiDeps) =>
  operation('getMetrics', 'GET /metrics', {
    summary: 'Metrics for Prometheus',
    scope: 'metrics:read',
    answers: {
      200: { description: 'Prometheus’ text format', schema: z.string(), contentType: METRICS_TYPE },
    },
    run: async () => ({ status: 200, body: await deps.metrics() }),
  })

const backup = (deps: ApiDeps) =>
  operation('getBackup', 'GET /api/backup', {
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
      return { status: 200, body: await deps.backup() }
    },
  })

export const serviceOperations = [status, why, metrics, backup]
