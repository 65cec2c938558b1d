// Runs: shown, listed, cancelled, tried again, answered. A member meets only the runs that he hears of, and acts
// only on those that are his alone: what he does reaches nobody else.
import { z } from 'zod'
import { UserError } from '../lib/errors.ts'
import type { Principal } from '../receive/auth.ts'
import { startedAnswer } from '../receive/invoke.ts'
import type { RunRecord } from '../store/store.ts'
import type { ApiDeps } from './deps.ts'
import { operation } from './operation.ts'
import { presentRun, Run, RunStarted, runStatus } from './run-shape.ts'
import { entity, named, nextCursor, normalEntity, paging, shapes } from './shapes.ts'
import { maySeeRun, visibleRuns } from './visible.ts'

const RunId = z.object({ id: z.string().describe('The run’s id') })

const Resume = z
  .strictObject({
    answer: z.string().min(1).max(10_000).describe('One of the options’ values, or text when there are none'),
  })
  .register(shapes, { id: 'Answer' })

/** What a list of runs can be asked for. */
export const RunFilter = z.strictObject({
  module: z.string().max(100).optional().describe('Only runs of this module'),
  status: runStatus().optional().describe('Only runs in this state'),
  entity: entity().max(1_000).optional(),
  // The id of a page's last run; anything else would name an arbitrary place in the list.
  ...paging('runs', /^[0-9a-z-]{1,40}$/),
})

export const RunList = named('RunList', { runs: z.array(Run), next_cursor: nextCursor() })

const listRuns = ({ store, mayHear }: ApiDeps) =>
  operation('listRuns', 'GET /api/runs', {
    summary: 'List runs, newest first',
    description:
      'The cursor holds still while new runs come. A member sees the runs that he hears of, as long as he may be told of the repository; a page may hold fewer than the limit.',
    scope: 'runs:read',
    query: RunFilter,
    answers: { 200: { description: 'A page of runs', schema: RunList } },
    async run({ principal, query: { cursor, limit, entity, ...filter } }) {
      const runs = await store.runs.list({
        ...filter,
        entity: entity && normalEntity(entity),
        before: cursor,
        recipient: principal.isAdmin ? undefined : principal.user.name,
        // One more than asked for: is there another page?
        limit: limit + 1,
      })
      const page = runs.slice(0, limit)
      const next_cursor = runs.length > limit ? (page.at(-1)?.id ?? null) : null
      const seen = await visibleRuns(principal, page, mayHear)
      return { status: 200, body: { runs: seen.map(presentRun), next_cursor } }
    },
  })

const getRun = (deps: ApiDeps) =>
  operation('getRun', 'GET /api/runs/{id}', {
    summary: 'Show a run',
    scope: 'runs:read',
    params: RunId,
    answers: { 200: { description: 'The run', schema: Run } },
    refusals: ['unknown_run'],
    run: async ({ principal, params }) => ({
      status: 200,
      body: presentRun(await visibleRun(deps, principal, params.id)),
    }),
  })

const cancelRun = (deps: ApiDeps) =>
  operation('cancelRun', 'POST /api/runs/{id}/cancel', {
    summary: 'Cancel a run',
    description: 'A queued or paused run ends at once; a running one is told to stop, and ends in a moment.',
    scope: 'runs:write',
    params: RunId,
    answers: { 202: { description: 'It is cancelled, or about to be', schema: RunStarted } },
    refusals: ['unknown_run', 'not_authorized', 'wrong_state'],
    async run({ principal, params }) {
      const run = await ownRun(deps, principal, params.id)
      const reason = `by:${principal.user.name}`
      const result = await deps.store.runs.cancel(run.id, reason, deps.clock())
      if (result === 'finished') throw wrongState(run, 'cancelled', 'queued, running or paused')
      deps.onCancelled(result === 'asked' ? [run.id] : [], reason)
      const status = result === 'ended' ? ('cancelled' as const) : ('running' as const)
      return { status: 202, body: startedAnswer({ ...run, status }) }
    },
  })

const retryRun = (deps: ApiDeps) =>
  operation('retryRun', 'POST /api/runs/{id}/retry', {
    summary: 'Try a failed or cancelled run again',
    scope: 'runs:write',
    params: RunId,
    answers: { 202: { description: 'It is queued again', schema: RunStarted } },
    refusals: ['unknown_run', 'unknown_module', 'not_authorized', 'wrong_state'],
    async run({ principal, params }) {
      const run = await ownRun(deps, principal, params.id)
      const module = deps.registry().get(run.module)
      if (!module) throw new UserError('unknown_module', `the module ${run.module} is no longer installed`)
      if (!module.enabled) throw new UserError('wrong_state', `${run.module} is disabled; enable it first`)
      if (!(await deps.store.runs.retry(run.id, deps.clock())))
        throw wrongState(run, 'tried again', 'failed or cancelled')
      deps.wakeRuns()
      return { status: 202, body: startedAnswer({ ...run, status: 'queued' }) }
    },
  })

const resumeRun = (deps: ApiDeps) =>
  operation('resumeRun', 'POST /api/runs/{id}/resume', {
    summary: 'Answer the question of a paused run',
    description: 'The run goes on with the answer. A question is answered once.',
    scope: 'runs:write',
    params: RunId,
    body: Resume,
    answers: { 202: { description: 'The run goes on', schema: RunStarted } },
    refusals: ['unknown_run', 'wrong_state'],
    async run({ principal, via, params, body }) {
      const run = await visibleRun(deps, principal, params.id)
      const by = { name: principal.user.name, isAdmin: principal.isAdmin }
      await deps.answer({ runId: run.id, answer: body.answer, by, via })
      return { status: 202, body: startedAnswer({ ...run, status: 'queued' }) }
    },
  })

/** @throws UserError unknown_run, also for one that the caller may not see */
async function visibleRun({ store, mayHear }: ApiDeps, principal: Principal, id: string): Promise<RunRecord> {
  const run = await store.runs.get(id)
  if (run && (await maySeeRun(principal, run, mayHear))) return run
  throw new UserError('unknown_run', 'there is no such run among those that you may see')
}

/** A run that the caller may act on. @throws UserError unknown_run, not_authorized */
async function ownRun(deps: ApiDeps, principal: Principal, id: string): Promise<RunRecord> {
  const run = await visibleRun(deps, principal, id)
  const { name } = principal.user
  if (!principal.isAdmin && run.recipients.some((recipient) => recipient !== name)) {
    throw new UserError('not_authorized', 'others hear of this run too; only an admin may act on it')
  }
  if (!deps.access().mayCall(principal.user, run.repository)) {
    throw new UserError('not_authorized', `${name} may not act in ${run.repository ?? 'no repository'}`)
  }
  return run
}

const wrongState = (run: RunRecord, done: string, wanted: string) =>
  new UserError('wrong_state', `the run is ${run.status}; only one that is ${wanted} can be ${done}`)

export const runOperations = [listRuns, getRun, cancelRun, retryRun, resumeRun]
