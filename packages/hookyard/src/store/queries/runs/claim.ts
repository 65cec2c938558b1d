// Claiming due runs, and taking back those whose runner went away. The caller brings the transaction.
import { sql, type Kysely, type Transaction } from 'kysely'
import type { Log } from '../../../lib/log.ts'
import { unpackBody } from '../deliveries/body.ts'
import { fromJson } from '../json.ts'
import { endRun } from './end-run.ts'
import { requireReadable, toRunRecords, type RunRow } from './run-record.ts'
import type { Database } from '../../schema.ts'
import type { ClaimedRun, RunTrigger } from '../../store.ts'
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

/** Due runs that no running one of their entity holds back; exported so that a test can ask for its plan. */
export const dueQuery = (db: Kysely<Database>, now: number, limit: number, without: readonly string[] = []) =>
  claimable(db)
    .selectAll('runs')
    .where('run_at', '<=', now)
    .$if(without.length > 0, (query) => query.where('runs.module', 'not in', without))
    .orderBy('run_at')
    .orderBy('runs.id')
    .limit(limit)

/** Queued runs that may start as far as `concurrency` goes. */
export const claimable = (db: Kysely<Database>) =>
  db
    .selectFrom('runs')
    .where('runs.status', '=', sql.lit('queued'))
    .where((eb) =>
      eb.or([
        eb('runs.concurrency', '=', sql.lit('parallel')),
        eb.not(
          eb.exists(
            eb
              .selectFrom('runs as other')
              .select(sql.lit(1).as('held'))
              .whereRef('other.module', '=', 'runs.module')
              .whereRef('other.entity', '=', 'runs.entity')
              .where('other.status', '=', sql.lit('running')),
          ),
        ),
      ]),
    )

/** Leases due runs to the owner, at most `limit`. */
export async function claimRuns(trx: Transaction<Database>, claim: Claim, log: Log): Promise<ClaimedRun[]> {
  const claimed: ClaimedRun[] = []
  const room = await roomOf(trx, claim)
  // A second run of an entity in one batch has to be asked for again, now that the first one runs; and others, when a
  // module has its share.
  while (claimed.length < claim.limit) {
    const full = [...room].flatMap(([module, free]) => (free <= 0 ? [module] : []))
    const due = await dueQuery(trx, claim.now, claim.limit - claimed.length, full).execute()
    if (due.length === 0) break
    claimed.push(...(await start(trx, withinRoom(withoutRivals(due), room), claim, log)))
  }
  return claimed
}

/** How many more runs of each module the owner may start. */
async function roomOf(trx: Transaction<Database>, { caps, owner }: Claim): Promise<Map<string, number>> {
  const room = new Map(caps)
  const rows = await runningQuery(trx, owner).execute()
  for (const { module, running } of rows) room.set(module, (caps.get(module) ?? Infinity) - Number(running))
  return room
}

/** The owner's running runs by module; exported so that a test can ask for its plan. */
export const runningQuery = (db: Kysely<Database>, owner: string) =>
  db
    .selectFrom('runs')
    .select((eb) => ['module', eb.fn.countAll<number>().as('running')])
    .where('status', '=', sql.lit('running'))
    .where('lease_owner', '=', owner)
    .groupBy('module')

/** Takes their room from those that are let through. */
function withinRoom(due: readonly RunRow[], room: Map<string, number>): RunRow[] {
  return due.filter(({ module }) => {
    const free = room.get(module) ?? Infinity
    if (free > 0) room.set(module, free - 1)
    return free > 0
  })
}

function withoutRivals(due: readonly RunRow[]): RunRow[] {
  const taken = new Set<string>()
  return due.filter((run) => {
    const key = `${run.module}\n${run.entity}`
    if (run.concurrency !== 'parallel' && taken.has(key)) return false
    taken.add(key)
    return true
  })
}

async function start(
  trx: Transaction<Database>,
  due: readonly RunRow[],
  claim: Claim,
  log: Log,
): Promise<ClaimedRun[]> {
  const payloads = await loadPayloads(trx, due)
  const states = await loadStates(trx, due)
  const readable: { run: RunRow; payload: string | null; state: unknown }[] = []
  for (const run of due) {
    try {
      requireReadable(run)
      const body = payloads.get(run.delivery ?? '')
      const kept = fromJson(states.get(`${run.module}\n${run.entity}`)?.state ?? null)
      const state = pausedState(run) ?? kept
      readable.push({ run, payload: body ? unpackBody(body) : null, state })
    } catch (cause) {
      const error = `the stored run or its payload cannot be read: ${String(cause)}`
      log.error(
        { run: run.id, module: run.module, delivery: run.delivery, err: error },
        'a run is damaged and failed',
      )
      await endRun(trx, run, { status: 'failed', reason: 'unreadable', error, at: claim.now })
    }
  }
  if (readable.length === 0) return []
  await lease(
    trx,
    readable.map(({ run }) => run),
    claim,
  )
  const ids = readable.map(({ run }) => run.id)
  const tainted = readable.filter(({ run }) => states.get(`${run.module}\n${run.entity}`)?.tainted === 1)
  await taint(
    trx,
    tainted.map(({ run }) => run.id),
  )
  const rows = await trx.selectFrom('runs').selectAll().where('id', 'in', ids).execute()
  const records = new Map((await toRunRecords(trx, rows)).map((record) => [record.id, record]))
  return readable.flatMap(({ run, payload, state }) => {
    const record = records.get(run.id)
    return record ? [{ ...record, payload, state }] : []
  })
}

/** What a resumed run paused with; null when it kept nothing. */
function pausedState(run: RunRow): unknown {
  const trigger = JSON.parse(run.trigger) as RunTrigger
  return trigger.type === 'resume' ? (trigger.data?.['state'] ?? null) : null
}

async function lease(trx: Transaction<Database>, due: readonly RunRow[], claim: Claim): Promise<void> {
  await trx
    .updateTable('runs')
    .set((eb) => ({
      status: 'running',
      attempt: eb('attempt', '+', 1),
      waiting: 0,
      lease_owner: claim.owner,
      lease_until: claim.leaseUntil,
      started_at: eb.fn.coalesce('started_at', eb.val(claim.now)),
    }))
    .where(
      'id',
      'in',
      due.map((run) => run.id),
    )
    .execute()
  await trx
    .insertInto('attempts')
    .values(
      due.map((run) => {
        return { run_id: run.id, attempt: run.attempt + 1, started_at: claim.now, status: 'running' }
      }),
    )
    .execute()
  await openWindows(
    trx,
    due
      .filter((run) => run.waiting === 1)
      .map((run) => ({ ...run, from: claim.now, cooldownMs: run.cooldown_ms })),
  )
}

async function loadPayloads(
  trx: Transaction<Database>,
  runs: readonly RunRow[],
): Promise<Map<string, Uint8Array>> {
  const guids = [...new Set(runs.flatMap((run) => run.delivery ?? []))]
  if (guids.length === 0) return new Map()
  const rows = await trx
    .selectFrom('deliveries')
    .innerJoin('payloads', 'payloads.delivery_id', 'deliveries.id')
    .select(['guid', 'body'])
    .where('guid', 'in', guids)
    .execute()
  return new Map(rows.map((row) => [row.guid, row.body]))
}

/** Whoever gets the state of a tainted run may say what stands in it. */
async function taint(trx: Transaction<Database>, runIds: readonly string[]): Promise<void> {
  if (runIds.length > 0) await trx.updateTable('runs').set({ tainted: 1 }).where('id', 'in', runIds).execute()
}

async function loadStates(trx: Transaction<Database>, runs: readonly RunRow[]) {
  const rows = await trx
    .selectFrom('states')
    .select(['module', 'entity', 'state', 'tainted'])
    .where((eb) => eb.or(runs.map(({ module, entity }) => eb.and({ module, entity }))))
    .execute()
  return new Map(rows.map((row) => [`${row.module}\n${row.entity}`, row]))
}

/** Running runs whose lease ran out (or all); exported so that a test can ask for its plan. */
export const leasedQuery = (db: Kysely<Database>, now: number, all: boolean) =>
  db
    .selectFrom('runs')
    .selectAll()
    .where('status', '=', sql.lit('running'))
    .$if(!all, (query) => query.where('lease_until', '<', now))
    .orderBy('lease_until')
    .orderBy('id')

/** Queues again the running runs whose lease ran out (or all); those to be cancelled end instead. */
export async function reclaimRuns(trx: Transaction<Database>, now: number, all: boolean): Promise<string[]> {
  const lost = await leasedQuery(trx, now, all).execute()
  const queued: string[] = []
  for (const run of lost) {
    await trx
      .updateTable('attempts')
      .set({ status: 'lost', finished_at: now })
      .where('run_id', '=', run.id)
      .where('attempt', '=', run.attempt)
      .execute()
    if (run.cancel_reason !== null) {
      await endRun(trx, run, { status: 'cancelled', reason: run.cancel_reason, error: run.error, at: now })
      continue
    }
    await trx
      .updateTable('runs')
      .set({ status: 'queued', run_at: now, lease_owner: null, lease_until: null })
      .where('id', '=', run.id)
      .execute()
    queued.push(run.id)
  }
  return queued
}
