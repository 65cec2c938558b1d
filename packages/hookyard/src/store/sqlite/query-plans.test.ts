// The queues stay fast however long the history grows: each is asked by an index, never by reading a table.
import type { Compilable } from 'kysely'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { claimable, dueQuery, runningQuery } from '../queries/runs/claim.ts'
import { leasedQuery } from '../queries/runs/reclaim.ts'
import { bodiesQuery, pendingQuery, sizesQuery } from '../queries/deliveries/deliveries.ts'
import { receiptQuery } from '../queries/effects/effects.ts'
import { unfinishedQuery } from '../queries/deliveries/entity-states.ts'
import { dueMessagesQuery } from '../queries/outbox/outbox.ts'
import { countQueries, deliveriesQuery, pastSinceQuery } from '../queries/deliveries/overview.ts'
import { expiredQuery, nextExpiryQuery } from '../queries/questions/questions.ts'
import { listQuery, spentQuery, unjournaledQuery } from '../queries/runs/runs.ts'
import { openForWriting, type OpenDatabase } from './connection.ts'

let folder: string
let open: OpenDatabase

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hookyard-plans-'))
  open = await openForWriting(join(folder, 'hookyard.db'))
})

afterAll(async () => {
  open.connection.close()
  await rm(folder, { recursive: true })
})

/** The steps of SQLite's plan for a query, one per line. */
function planOf(query: Compilable): string {
  const { sql, parameters } = query.compile()
  const steps = open.connection.prepare(`explain query plan ${sql}`).all(...parameters) as {
    detail: string
  }[]
  return steps.map((step) => step.detail).join('\n')
}

// An index that holds the queue alone may be walked, a table never.
const QUEUE =
  /INDEX (deliveries_pending|runs_due|runs_running|runs_unfinished|runs_journal_due|outbox_queued|outbox_dead)\b/
const readsTable = (step: string) => /^SCAN (?!waiting)/.test(step) && !QUEUE.test(step)

const pairs = [
  { module: 'a', entity: 'o/r#1' },
  { module: 'b', entity: 'o/r#2' },
]

test.each<[string, () => Compilable, RegExp[]]>([
  ['pending deliveries', () => pendingQuery(open.db, 100), [/INDEX deliveries_pending/]],
  ['the sizes of payloads', () => sizesQuery(open.db, [1, 2]), [/SEARCH payloads/]],
  ['the payloads of deliveries', () => bodiesQuery(open.db, [1, 2]), [/SEARCH payloads/]],
  [
    'due runs',
    () => dueQuery(open.db, 1, 4),
    [/SEARCH runs USING INDEX runs_due/, /SEARCH other USING COVERING INDEX runs_running/],
  ],
  ['running runs by module', () => runningQuery(open.db, 'me'), [/INDEX runs_running/]],
  [
    'due runs of other modules',
    () => dueQuery(open.db, 1, 4, ['a', 'b']),
    [/SEARCH runs USING INDEX runs_due/, /SEARCH other USING COVERING INDEX runs_running/],
  ],
  [
    'the next due run',
    () => claimable(open.db).select('runAt').orderBy('runAt').limit(1),
    [/INDEX runs_due/],
  ],
  [
    'unfinished runs of entities',
    () => unfinishedQuery(open.db, pairs),
    [/MULTI-INDEX OR/, /INDEX runs_unfinished/],
  ],
  [
    'what a user spent today',
    () => spentQuery(open.db, '2026-11-22', { user: 'alice' }),
    [/SEARCH spendings USING PRIMARY KEY|SEARCH spendings USING INDEX/],
  ],
  [
    'questions whose time is up',
    () => expiredQuery(open.db, 1),
    [/SEARCH questions USING INDEX questions_open/],
  ],
  ['the next question to expire', () => nextExpiryQuery(open.db), [/INDEX questions_open/]],
  ['a receipt', () => receiptQuery(open.db, 'comment', 7), [/SEARCH effects USING INDEX effects_receipt/]],
  ['leases that ran out', () => leasedQuery(open.db, 1, false), [/INDEX runs_running/]],
  [
    'failed runs',
    () => listQuery(open.db, { status: 'failed', limit: 9 }),
    [/SEARCH runs USING INDEX runs_ended/],
  ],
  [
    'paused runs',
    () => listQuery(open.db, { status: 'paused', limit: 9 }),
    [/SEARCH runs USING INDEX/, /SCAN open USING INDEX runs_unfinished/],
  ],
  [
    'runs of a module',
    () => listQuery(open.db, { module: 'a', before: 'x', limit: 9 }),
    [/INDEX runs_module/],
  ],
  ['runs to be journaled', () => unjournaledQuery(open.db, 10), [/INDEX runs_journal_due/]],
  [
    'due messages',
    () => dueMessagesQuery(open.db, 1, 10),
    [/COVERING INDEX outbox_queued/, /SEARCH outbox USING INTEGER PRIMARY KEY/],
  ],
  [
    'deliveries of an entity',
    () => deliveriesQuery(open.db, { entity: 'o/r#1', user: 'a', before: 9, limit: 9 }),
    [/INDEX deliveries_entity/, /INDEX decisions_(user|delivery)/],
  ],
  [
    'deliveries of a user',
    () => deliveriesQuery(open.db, { user: 'a', before: 9, limit: 9 }),
    [/SEARCH deliveries USING INTEGER PRIMARY KEY/, /SEARCH decisions USING COVERING INDEX decisions_user/],
  ],
  [
    'past deliveries',
    () => pastSinceQuery(open.db, 1, 7, 9),
    [/SEARCH deliveries USING INTEGER PRIMARY KEY/, /SEARCH payloads/],
  ],
  ['counts of deliveries', () => countQueries(open.db).received, [/INDEX deliveries_pending/]],
  ['counts of queued runs', () => countQueries(open.db).queued, [/INDEX runs_due/]],
  ['counts of running runs', () => countQueries(open.db).running, [/INDEX runs_running/]],
  ['counts of paused runs', () => countQueries(open.db).paused, [/INDEX runs_unfinished/]],
  ['counts of unsent messages', () => countQueries(open.db).unsent, [/INDEX outbox_queued/]],
  ['counts of dead messages', () => countQueries(open.db).dead, [/INDEX outbox_dead/]],
])('%s are looked up', (_queue, query, steps) => {
  const plan = planOf(query())
  for (const step of steps) expect(plan).toMatch(step)
  expect(plan.split('\n').filter(readsTable)).toEqual([])
})

test('the check itself finds a query that reads a whole table', () => {
  expect(planOf(open.db.selectFrom('runs').select('id').where('summary', '=', 'x'))).toSatisfy(readsTable)
})
