// Claiming due runs. The caller brings the transaction.
import { sql } from 'kysely'
import type { Log } from '../../../lib/log.ts'
import type { Db, RunRow, Trx } from '../../schema.ts'
import type { ClaimedRun } from '../../store.ts'
import { unpackBody } from '../deliveries/body.ts'
import { fromJson } from '../statements.ts'
import { endRun } from './end-run.ts'
import { readJson, toRunRecords } from './run-record.ts'
import { openWindows } from './windows.ts'

export interface Claim {
  readonly owner: string
  readonly limit: number
  /** ms since the epoch, as is `leaseUntil`. */
  readonly now: number
  readonly leaseUntil: number
  /** Runs of a module that the owner may have at a time; one that is not named has no cap. */
  readonly caps: ReadonlyMap<string, number>
}

/** Queued runs that may start as far as `concurrency` goes. */
export const claimable = (db: Db) =>
  db
    .selectFrom('runs')
    .where('runs.status', '=', sql.lit('queued'))
    .where(
      sql<boolean>`(runs.concurrency = 'parallel' or not exists (select 1 from runs as other
        where other.module = runs.module and other.entity = runs.entity and other.status = 'running'))`,
    )

/** Due runs that no running one of their entity holds back; exported so that a test can ask for its plan. */
export const dueQuery = (db: Db, now: number, limit: number, without: readonly string[] = []) =>
  claimable(db)
    .selectAll('runs')
    .where('runAt', '<=', now)
    .$if(without.length > 0, (query) => query.where('runs.module', 'not in', without))
    .orderBy('runAt')
    .orderBy('runs.id')
    .limit(limit)

/** The owner's running runs by module; exported so that a test can ask for its plan. */
export const runningQuery = (db: Db, owner: string) =>
  db
    .selectFrom('runs')
    .select(({ fn }) => ['module', fn.countAll<number>().as('running')])
    .where('status', '=', sql.lit('running'))
    .where('leaseOwner', '=', owner)
    .groupBy('module')

/** Leases due runs to the owner, at most `limit`. */
export async function claimRuns(trx: Trx, claim: Claim, log: Log): Promise<ClaimedRun[]> {
  const { caps, limit, now, owner } = claim
  const claimed: ClaimedRun[] = []
  /** How many more runs of each module the owner may start. */
  const room = new Map(caps)
  for (const { module, running } of await runningQuery(trx, owner).execute())
    room.set(module, (caps.get(module) ?? Infinity) - Number(running))
  // A second run of an entity in one batch has to be asked for again, now that the first one runs; and others, when a
  // module has its share.
  while (claimed.length < limit) {
    const full = [...room].flatMap(([module, free]) => (free <= 0 ? [module] : []))
    const due = await dueQuery(trx, now, limit - claimed.length, full).execute()
    if (due.length === 0) break
    claimed.push(...(await start(trx, withinRoom(withoutRivals(due), room), claim, log)))
  }
  return claimed
}

/** Takes their room from those that are let through. */
function withinRoom(due: readonly RunRow[], room: Map<string, number>): RunRow[] {
  return due.filter(({ module }) => {
    const free = room.get(module) ?? Infinity
    if (free > 0) room.set(module, free - 1)
    return free > 0
  })
}

const keyOf = ({ module, entity }: { module: string; entity: string }) => `${module}\n${entity}`

function withoutRivals(due: readonly RunRow[]): RunRow[] {
  const taken = new Set<string>()
  return due.filter((run) => {
    const key = keyOf(run)
    if (run.concurrency !== 'parallel' && taken.has(key)) return false
    taken.add(key)
    return true
  })
}

async function start(trx: Trx, due: readonly RunRow[], claim: Claim, log: Log): Promise<ClaimedRun[]> {
  const payloads = await loadPayloads(trx, due)
  const states = await loadStates(trx, due)
  const readable = new Map<string, { run: RunRow; payload: string | null; state: unknown }>()
  for (const run of due) {
    try {
      const { trigger } = readJson(run)
      const body = payloads.get(run.delivery ?? '')
      const kept = fromJson(states.get(keyOf(run))?.state ?? null)
      // What a resumed run paused with comes first; it may have kept nothing.
      const paused = trigger.type === 'resume' ? trigger.data?.['state'] : null
      readable.set(run.id, { run, payload: body ? unpackBody(body) : null, state: paused ?? kept })
    } catch (cause) {
      const error = `the stored run or its payload cannot be read: ${String(cause)}`
      const fields = { run: run.id, module: run.module, delivery: run.delivery, err: error }
      log.error(fields, 'a run is damaged and failed')
      await endRun(trx, run.id, { status: 'failed', reason: 'unreadable', error, at: claim.now })
    }
  }
  if (readable.size === 0) return []
  const started = [...readable.values()].map(({ run }) => run)
  await lease(trx, started, claim)
  // Whoever gets the state of a tainted run may say what stands in it.
  const tainted = started.filter((run) => states.get(keyOf(run))?.tainted === 1).map(({ id }) => id)
  if (tainted.length > 0)
    await trx.updateTable('runs').set({ tainted: 1 }).where('id', 'in', tainted).execute()
  const rows = await trx
    .selectFrom('runs')
    .selectAll()
    .where('id', 'in', [...readable.keys()])
    .execute()
  const records = new Map((await toRunRecords(trx, rows)).map((record) => [record.id, record]))
  return [...readable].flatMap(([id, { payload, state }]) => {
    const record = records.get(id)
    return record ? [{ ...record, payload, state }] : []
  })
}

async function lease(trx: Trx, due: readonly RunRow[], { now, owner, leaseUntil }: Claim): Promise<void> {
  const ids = due.map((run) => run.id)
  await trx
    .updateTable('runs')
    .set({ status: 'running', waiting: 0, leaseOwner: owner, leaseUntil })
    .set(({ eb, fn, val }) => ({
      attempt: eb('attempt', '+', 1),
      startedAt: fn.coalesce('startedAt', val(now)),
    }))
    .where('id', 'in', ids)
    .execute()
  const attempts = due.map((run) => {
    return { runId: run.id, attempt: run.attempt + 1, startedAt: now, status: 'running' }
  })
  await trx.insertInto('attempts').values(attempts).execute()
  const opening = due.filter((run) => run.waiting === 1).map((run) => ({ ...run, from: now }))
  await openWindows(trx, opening)
}

async function loadPayloads(trx: Trx, runs: readonly RunRow[]): Promise<Map<string, Uint8Array>> {
  const guids = [...new Set(runs.flatMap((run) => run.delivery ?? []))]
  if (guids.length === 0) return new Map()
  const bodies = trx.selectFrom('deliveries').innerJoin('payloads', 'payloads.deliveryId', 'deliveries.id')
  const rows = await bodies.select(['guid', 'body']).where('guid', 'in', guids).execute()
  return new Map(rows.map((row) => [row.guid, row.body]))
}

async function loadStates(trx: Trx, runs: readonly RunRow[]) {
  const rows = await trx
    .selectFrom('states')
    .select(['module', 'entity', 'state', 'tainted'])
    .where(({ or, and }) => or(runs.map(({ module, entity }) => and({ module, entity }))))
    .execute()
  return new Map(rows.map((row) => [keyOf(row), row]))
}
