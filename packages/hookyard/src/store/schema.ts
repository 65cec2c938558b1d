// The tables as the queries see them, in SQLite and PostgreSQL alike: their names in camel case, which a plugin of Kysely
// writes in snake case; times in ms since the epoch, JSON as text, booleans as 0 and 1. What a record of the port holds as
// it is stands there alone. migrations.ts makes the tables; a change here needs a migration there.
import { CamelCasePlugin, type Generated, type Kysely, type Selectable, type Transaction } from 'kysely'
import type { Concurrency } from '../registry/manifest.ts'
import type { Attempt, Claim, Decision, DeliveryRecord, Effect, EffectKey } from './store.ts'
import type { Question, RunRecord, SentMessage, UserSetting } from './store.ts'

/** To be given to each Kysely over these tables. */
export const namesPlugin = () => new CamelCasePlugin({ maintainNestedObjectKeys: true })

export type Db = Kysely<Database>
export type Trx = Transaction<Database>
export type RunRow = Selectable<Database['runs']>
export type QuestionRow = Selectable<Database['questions']>

export interface Database {
  deliveries: Omit<DeliveryRecord, 'decisions'> & { id: Generated<number>; replays: Generated<number> }
  /** Apart from the delivery, so that a change of its status does not write the body again. Compressed, see body.ts. */
  payloads: { deliveryId: number; body: Uint8Array }
  /** `replay` 0: when the delivery came in. */
  decisions: Omit<Decision, 'user' | 'replay'> & {
    id: Generated<number>
    deliveryId: number
    userName: string
    replay: Generated<number>
  }
  runs: RunsTable
  runRecipients: { runId: string; recipient: string }
  /** `status`: running, done, failed, skipped, cancelled, paused, again (not counted), lost (the service went away). */
  attempts: Attempt & { id: Generated<number>; runId: string }
  /** At most one of a run is open; `options` and `state` are JSON. */
  questions: Omit<Question, 'options'> & { runId: string; options: string; state: string | null }
  /** Cooldowns; `runId` is the run that opened it. A row may outlive its end. */
  windows: { module: string; entity: string; until: number; runId: string }
  /** What a module keeps for an entity, as JSON. */
  states: {
    module: string
    entity: string
    state: string
    runId: string
    updatedAt: number
    tainted: Generated<number>
  }
  /** Sums per day in UTC; '' stands for no repository and for nobody. */
  spendings: { day: string; module: string; repository: string; userName: string; usd: number }
  idempotency: { scope: string; key: string; fingerprint: string; runId: string }
  effects: EffectKey &
    Omit<Effect, 'receipt'> & { receiptId: number | null; receiptUrl: string | null; updatedAt: number }
  /** `ctx.once`; done = 0: begun, and perhaps interrupted. */
  onces: { runId: string; key: string; done: number; result: string | null }
  settings: { name: string; value: string }
  userSettings: Omit<UserSetting, 'user'> & { userName: string }
  /** Codes for `/start CODE` that were not used yet. */
  invites: { codeHash: string; userName: string; expiresAt: number }
  claims: Omit<Claim, 'user'> & { userName: string }
  /** Updates of a chat bot that have had their effect; kept for two days. */
  chatUpdates: { bot: string; updateId: number; committedAt: number }
  schedules: { schedule: string; handledUntil: number }
  /** Those that sent deliveries; the time is renewed once a day. */
  repositories: { name: string; seenAt: number }
  leases: { name: string; owner: string; until: number }
  moduleSwitches: { module: string; enabled: number; switchedBy: string; switchedAt: number }
  outbox: OutboxTable
}

type OutOfRow = 'trigger' | 'recipients' | 'attempts' | 'questions' | 'details' | 'input' | 'tainted'

interface RunsTable extends Omit<RunRecord, OutOfRow> {
  /** JSON of RunTrigger. */
  trigger: string
  details: string | null
  input: string | null
  concurrency: Concurrency
  /** 1: queued, and newer deliveries coalesce into it. At most one per module and entity. */
  waiting: number
  dueAt: number
  leaseOwner: string | null
  leaseUntil: number | null
  /** Set while it runs: it is to end as cancelled, with this reason. */
  cancelReason: string | null
  /** 1: finished, and its journal file is not written yet. */
  journalDue: number
  tainted: Generated<number>
}

interface OutboxTable extends Omit<SentMessage, 'message' | 'lastError' | 'sentAt'> {
  id: Generated<number>
  /** JSON of Message. */
  message: string
  dedupeKey: string
  delivery: string | null
  nextAt: number
  /** Since when it may leave; the smallest one of an address is first. */
  turn: number
  error: string | null
  finishedAt: number | null
}
