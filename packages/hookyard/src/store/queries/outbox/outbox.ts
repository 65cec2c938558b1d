// The outbox: messages leave one by one per address, and the first one holds back those behind it. Runs take turns: of
// each run the oldest message has a turn, and when it has left, the next one of that run gets one behind all that wait.
import { sql, type Kysely, type Selectable, type Transaction } from 'kysely'
import type { Log } from '../../../lib/log.ts'
import { insertMessages } from '../runs/new-rows.ts'
import type { Database } from '../../schema.ts'
import type { Message, OutboxRow, OutboxStore, SentMessage } from '../../store.ts'

/** The stage's queries. */
export function createOutboxStore(db: Kysely<Database>, log: Log): OutboxStore {
  const bury = (id: number, error: string, at: number) =>
    db.transaction().execute(async (trx) => {
      const gone = await trx
        .updateTable('outbox')
        .set({ status: 'dead', error, finished_at: at })
        .where('id', '=', id)
        .where('status', '=', 'queued')
        .returning(['address', 'run_id'])
        .executeTakeFirst()
      if (gone) await passTurn(trx, gone, at)
    })
  return {
    add: (messages) => db.transaction().execute((trx) => insertMessages(trx, messages)),
    due: (now, limit) => due(db, now, limit, bury, log),
    sent: (id, at) =>
      db.transaction().execute(async (trx) => {
        const gone = await trx
          .updateTable('outbox')
          .set((eb) => ({ status: 'sent', error: null, finished_at: at, tries: eb('tries', '+', 1) }))
          .where('id', '=', id)
          .returning(['address', 'run_id'])
          .executeTakeFirst()
        if (gone) await passTurn(trx, gone, at)
      }),
    async again(id, nextAt, error) {
      await db
        .updateTable('outbox')
        .set((eb) => ({ next_at: nextAt, error, tries: eb('tries', '+', 1) }))
        .where('id', '=', id)
        .where('status', '=', 'queued')
        .execute()
    },
    dead: bury,
    async nextDue() {
      const next = await heads(db)
        .select((eb) => eb.fn.min('next_at').as('at'))
        .executeTakeFirst()
      return next?.at ?? null
    },
    async ofDelivery(guid) {
      const rows = shown(db).where((eb) =>
        eb.or([
          eb('delivery', '=', guid),
          eb('run_id', 'in', runsOf(db, guid)),
          eb('run_id', 'in', decidedRuns(db, guid)),
        ]),
      )
      return (await rows.execute()).map(toSentMessage)
    },
    async keysOfRun(runId) {
      const rows = await db.selectFrom('outbox').select('dedupe_key').where('run_id', '=', runId).execute()
      return rows.map((row) => row.dedupe_key)
    },
    async ofRun(runId) {
      return (await shown(db).where('run_id', '=', runId).execute()).map(toSentMessage)
    },
  }
}

/** To the next message of the same run at the same address: behind whatever waits there already. */
async function passTurn(
  trx: Transaction<Database>,
  { address, run_id }: { readonly address: string; readonly run_id: string | null },
  at: number,
): Promise<void> {
  if (run_id === null) return
  const next = trx
    .selectFrom('outbox as next')
    .select((eb) => eb.fn.min('next.id').as('id'))
    .where((eb) => eb.and({ 'next.run_id': run_id, 'next.address': address, 'next.status': 'queued' }))
  await trx.updateTable('outbox').set({ turn: at }).where('id', '=', next).execute()
}

const shown = (db: Kysely<Database>) => db.selectFrom('outbox').selectAll().orderBy('id')

const runsOf = (db: Kysely<Database>, guid: string) =>
  db.selectFrom('runs').select('runs.id').where('runs.delivery', '=', guid)

// A delivery that was coalesced led to the run as well, though a newer one is its delivery now.
const decidedRuns = (db: Kysely<Database>, guid: string) =>
  db
    .selectFrom('deliveries')
    .innerJoin('decisions', 'decisions.delivery_id', 'deliveries.id')
    .select('decisions.run_id')
    .where('deliveries.guid', '=', guid)
    .where('decisions.run_id', 'is not', null)

// From address to address, each found by one look-up, however many messages wait for the one before.
const heads = (db: Kysely<Database>) =>
  db
    .withRecursive('waiting(address)', (cte) =>
      cte
        .selectFrom('outbox')
        .select((eb) => eb.fn.min<string | null>('address').as('address'))
        .where('status', '=', sql.lit('queued'))
        .unionAll(
          cte
            .selectFrom('waiting')
            .select((eb) =>
              eb
                .selectFrom('outbox as further')
                .select((inner) => inner.fn.min<string | null>('further.address').as('address'))
                .where('further.status', '=', sql.lit('queued'))
                .whereRef('further.address', '>', 'waiting.address')
                .as('address'),
            )
            .where('waiting.address', 'is not', null),
        ),
    )
    .selectFrom('waiting')
    .innerJoin('outbox', (join) =>
      join.on('outbox.id', '=', (eb) =>
        eb
          .selectFrom('outbox as first')
          .select('first.id')
          .where('first.status', '=', sql.lit('queued'))
          .whereRef('first.address', '=', 'waiting.address')
          .orderBy('first.turn')
          .orderBy('first.id')
          .limit(1),
      ),
    )

/** The unsent message of each address whose turn it is, if its time has come; exported so that a test can ask for its plan. */
export const dueMessagesQuery = (db: Kysely<Database>, now: number, limit: number) =>
  heads(db)
    .select(['outbox.id', 'outbox.address', 'message', 'tries', 'created_at as createdAt'])
    .where('next_at', '<=', now)
    .orderBy('outbox.turn')
    .orderBy('outbox.id')
    .limit(limit)

async function due(
  db: Kysely<Database>,
  now: number,
  limit: number,
  bury: OutboxStore['dead'],
  log: Log,
): Promise<OutboxRow[]> {
  for (;;) {
    const rows = await dueMessagesQuery(db, now, limit).execute()
    let damaged = 0
    const readable: OutboxRow[] = []
    for (const { message: text, ...row } of rows) {
      const message = readMessage(text)
      if (message) {
        readable.push({ ...row, message })
        continue
      }
      damaged += 1
      log.error(
        { message: row.id, to: row.address.split(':', 1)[0] },
        'a stored message is damaged and will not be sent',
      )
      await bury(row.id, 'the stored message is damaged', now)
    }
    // Those behind a damaged one are the first of their address now.
    if (damaged === 0) return readable
  }
}

function toSentMessage(row: Selectable<Database['outbox']>): SentMessage {
  return {
    address: row.address,
    message: readMessage(row.message) ?? { lines: [['(this stored message is damaged)']], plain: true },
    status: row.status,
    tries: row.tries,
    lastError: row.error,
    runId: row.run_id,
    createdAt: row.created_at,
    sentAt: row.status === 'sent' ? row.finished_at : null,
  }
}

/** null: the column is damaged; only insertMessages writes it. */
function readMessage(text: string): Message | null {
  try {
    return JSON.parse(text) as Message
  } catch {
    return null
  }
}
