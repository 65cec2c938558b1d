// The outbox: messages leave one by one per address, and the first one holds back those behind it. Runs take turns: of
// each run the oldest message has a turn, and when it has left, the next one of that run gets one behind all that wait.
import { sql, type Selectable } from 'kysely'
import type { Log } from '../../../lib/log.ts'
import type { Database, Db, Trx } from '../../schema.ts'
import type { Message, NewMessage, OutboxRow, OutboxStore, SentMessage } from '../../store.ts'
import { chunks, insertAlike } from '../statements.ts'

/** Of a message behind another one of its run; after every time. */
const NO_TURN_YET = Number.MAX_SAFE_INTEGER

/** Puts messages into the outbox, without those whose dedupe key has been seen. */
export async function insertMessages(db: Db, messages: readonly NewMessage[]): Promise<void> {
  const rows = messages.map(({ address, message, dedupeKey, runId, delivery, createdAt }) => ({
    address,
    message: JSON.stringify(message),
    dedupeKey,
    runId,
    delivery,
    status: 'queued' as const,
    tries: 0,
    nextAt: createdAt,
    turn: runId === null ? createdAt : NO_TURN_YET,
    createdAt,
  }))
  await insertAlike(db, 'outbox', rows, true)
  // The oldest message of each run at each address has a turn; those behind it get theirs when it has left.
  for (const ids of chunks([...new Set(messages.flatMap(({ runId }) => runId ?? []))])) {
    await sql`update outbox set turn = created_at
      where status = 'queued' and turn = ${NO_TURN_YET} and run_id in (${sql.join(ids)}) and not exists (
        select 1 from outbox as before where before.run_id = outbox.run_id and before.address = outbox.address
          and before.id < outbox.id and before.status = 'queued')`.execute(db)
  }
}

/** The stage's queries. */
export function createOutboxStore(db: Db, log: Log): OutboxStore {
  const shown = () => db.selectFrom('outbox').selectAll().orderBy('id')
  const leave = (id: number, change: Partial<Selectable<Database['outbox']>>, at: number) =>
    db.transaction().execute(async (trx) => {
      const gone = await trx
        .updateTable('outbox')
        .set({ ...change, finishedAt: at })
        .where('id', '=', id)
        .$if(change.status === 'dead', (query) => query.where('status', '=', 'queued'))
        .$if(change.status === 'sent', (query) => query.set((eb) => ({ tries: eb('tries', '+', 1) })))
        .returning(['address', 'runId'])
        .executeTakeFirst()
      if (gone && gone.runId !== null) await passTurn(trx, gone.address, gone.runId, at)
    })
  const bury = (id: number, error: string, at: number) => leave(id, { status: 'dead', error }, at)
  return {
    add: (messages) => db.transaction().execute((trx) => insertMessages(trx, messages)),
    due: (now, limit) => due(db, now, limit, bury, log),
    sent: (id, at) => leave(id, { status: 'sent', error: null }, at),
    async again(id, nextAt, error) {
      await db
        .updateTable('outbox')
        .set((eb) => ({ nextAt, error, tries: eb('tries', '+', 1) }))
        .where(({ and }) => and({ id, status: 'queued' }))
        .execute()
    },
    dead: bury,
    async nextDue() {
      const next = heads(db).select(({ fn }) => fn.min('nextAt').as('at'))
      return (await next.executeTakeFirst())?.at ?? null
    },
    async ofDelivery(guid) {
      const runs = db.selectFrom('runs').select('runs.id').where('runs.delivery', '=', guid)
      // A delivery that was coalesced led to the run as well, though a newer one is its delivery now.
      const decided = db
        .selectFrom('deliveries')
        .innerJoin('decisions', 'decisions.deliveryId', 'deliveries.id')
        .select('decisions.runId')
        .where('deliveries.guid', '=', guid)
        .where('decisions.runId', 'is not', null)
      const rows = shown().where(({ or, eb }) =>
        or([eb('delivery', '=', guid), eb('runId', 'in', runs), eb('runId', 'in', decided)]),
      )
      return (await rows.execute()).map(toSentMessage)
    },
    async keysOfRun(runId) {
      const rows = await db.selectFrom('outbox').select('dedupeKey').where('runId', '=', runId).execute()
      return rows.map((row) => row.dedupeKey)
    },
    ofRun: async (runId) => (await shown().where('runId', '=', runId).execute()).map(toSentMessage),
  }
}

/** To the next message of the same run at the same address: behind whatever waits there already. */
async function passTurn(trx: Trx, address: string, runId: string, at: number): Promise<void> {
  const next = trx
    .selectFrom('outbox as next')
    .select(({ fn }) => fn.min('next.id').as('id'))
    .where(({ and }) => and({ 'next.runId': runId, 'next.address': address, 'next.status': 'queued' }))
  await trx.updateTable('outbox').set({ turn: at }).where('id', '=', next).execute()
}

// From address to address, each found by one look-up, however many messages wait for the one before.
const heads = (db: Db) =>
  db
    .withRecursive(
      'waiting',
      () => sql<{ address: string }>`(
        select min(address) as address from outbox where status = 'queued' union all
        select (select min(further.address) from outbox as further
          where further.status = 'queued' and further.address > waiting.address)
        from waiting where waiting.address is not null)`,
    )
    .selectFrom('waiting')
    .innerJoin('outbox', (join) =>
      join.on(
        'outbox.id',
        '=',
        sql<number>`(select first.id from outbox as first
        where first.status = 'queued' and first.address = waiting.address order by first.turn, first.id limit 1)`,
      ),
    )

/** The unsent message of each address whose turn it is, if its time has come; exported so that a test can ask for its plan. */
export const dueMessagesQuery = (db: Db, now: number, limit: number) =>
  heads(db)
    .select(['outbox.id', 'outbox.address', 'message', 'tries', 'createdAt'])
    .where('nextAt', '<=', now)
    .orderBy('outbox.turn')
    .orderBy('outbox.id')
    .limit(limit)

async function due(db: Db, now: number, limit: number, bury: OutboxStore['dead'], log: Log) {
  for (;;) {
    const rows = await dueMessagesQuery(db, now, limit).execute()
    const readable: OutboxRow[] = []
    for (const { message: text, ...row } of rows) {
      const message = readMessage(text)
      if (message) readable.push({ ...row, message })
      else {
        const fields = { message: row.id, to: row.address.split(':', 1)[0] }
        log.error(fields, 'a stored message is damaged and will not be sent')
        await bury(row.id, 'the stored message is damaged', now)
      }
    }
    // Those behind a damaged one are the first of their address now.
    if (readable.length === rows.length) return readable
  }
}

function toSentMessage(row: Selectable<Database['outbox']>): SentMessage {
  const { address, status, tries, error: lastError, runId, createdAt } = row
  const message = readMessage(row.message) ?? { lines: [['(this stored message is damaged)']], plain: true }
  const sentAt = status === 'sent' ? row.finishedAt : null
  return { address, message, status, tries, lastError, runId, createdAt, sentAt }
}

/** null: the column is damaged; only insertMessages writes it. */
function readMessage(text: string): Message | null {
  try {
    return JSON.parse(text) as Message
  } catch {
    return null
  }
}
