// The tables as the queries see them, in SQLite and PostgreSQL alike: times in ms since the epoch, JSON as
// text, booleans as 0 and 1. migrations.ts makes them; a change here needs a migration there.
import type { Generated, Selectable } from 'kysely'
import type { Concurrency } from '../registry/manifest.ts'
import type { SettingKind } from './port/chat-port.ts'
import type { QuestionStatus } from './port/question-port.ts'
import type { DecisionOutcome, DeliveryStatus, RunStatus } from './store.ts'

export interface Database {
  deliveries: DeliveriesTable
  payloads: PayloadsTable
  decisions: DecisionsTable
  runs: RunsTable
  run_recipients: { run_id: string; recipient: string }
  attempts: AttemptsTable
  questions: QuestionsTable
  /** Cooldowns; `run_id` is the run that opened it. A row may outlive its end. */
  windows: { module: string; entity: string; until: number; run_id: string }
  /** What a module keeps for an entity, as JSON. */
  states: {
    module: string
    entity: string
    state: string
    run_id: string
    updated_at: number
    tainted: Generated<number>
  }
  /** Sums per day in UTC; '' stands for no repository and for nobody. */
  spendings: { day: string; module: string; repository: string; user_name: string; usd: number }
  idempotency: { scope: string; key: string; fingerprint: string; run_id: string }
  effects: EffectsTable
  /** `ctx.once`; done = 0: begun, and perhaps interrupted. */
  onces: { run_id: string; key: string; done: number; result: string | null }
  settings: { name: string; value: string }
  /** What users set by chat; it lies over the configuration. */
  user_settings: { user_name: string; kind: SettingKind; key: string; value: string; changed_at: number }
  /** Codes for `/start CODE` that were not used yet. */
  invites: { code_hash: string; user_name: string; expires_at: number }
  /** Who a user is on Telegram; `chat_id` is the private chat in which it was claimed. */
  claims: { user_name: string; telegram_id: number; chat_id: number | null; claimed_at: number }
  /** Updates of a chat bot that have had their effect; kept for two days. */
  chat_updates: { bot: string; update_id: number; committed_at: number }
  /** Ticks of the schedule up to then are handled. */
  schedules: { schedule: string; handled_until: number }
  /** Those that sent deliveries; the time is renewed once a day. */
  repositories: { name: string; seen_at: number }
  leases: { name: string; owner: string; until: number }
  /** Modules that a user switched on or off, over the configuration. */
  module_switches: { module: string; enabled: number; switched_by: string; switched_at: number }
  outbox: OutboxTable
}

interface DeliveriesTable {
  id: Generated<number>
  guid: string
  hook_id: string | null
  event: string
  action: string | null
  repository: string | null
  entity: string
  received_at: number
  status: DeliveryStatus
  error: string | null
  replays: Generated<number>
}

/** Apart from the delivery, so that a change of its status does not write the body again. */
interface PayloadsTable {
  delivery_id: number
  /** Compressed, see body.ts. */
  body: Uint8Array
}

interface DecisionsTable {
  id: Generated<number>
  delivery_id: number
  user_name: string
  module: string | null
  outcome: DecisionOutcome
  reason: string | null
  run_id: string | null
  /** 0: when the delivery came in. */
  replay: Generated<number>
}

export interface RunsTable {
  id: string
  module: string
  entity: string
  repository: string | null
  /** JSON of RunTrigger. */
  trigger: string
  /** The delivery's GUID; deliveries are kept for a shorter time than runs. */
  delivery: string | null
  status: RunStatus
  reason: string | null
  attempt: number
  failures: number
  summary: string | null
  details: string | null
  error: string | null
  cost_usd: number
  input: string | null
  depth: number
  concurrency: Concurrency
  cooldown_ms: number
  /** 1: queued, and newer deliveries coalesce into it. At most one per module and entity. */
  waiting: number
  due_at: number
  run_at: number
  lease_owner: string | null
  lease_until: number | null
  /** Set while it runs: it is to end as cancelled, with this reason. */
  cancel_reason: string | null
  /** 1: finished, and its journal file is not written yet. */
  journal_due: number
  /** 1: what it says may come from an agent. */
  tainted: Generated<number>
  created_at: number
  started_at: number | null
  finished_at: number | null
}

interface AttemptsTable {
  id: Generated<number>
  run_id: string
  attempt: number
  started_at: number
  finished_at: number | null
  /** running, done, failed, skipped, cancelled, paused, again (not counted), lost (the service went away). */
  status: string
  error: string | null
}

export type QuestionRow = Selectable<QuestionsTable>

interface QuestionsTable {
  run_id: string
  /** 1 for a run's first question. At most one of a run is open. */
  ordinal: number
  text: string
  /** JSON of QuestionChoice[]. */
  options: string
  fallback: string | null
  /** JSON of what the handler gets back. */
  state: string | null
  asked_at: number
  expires_at: number | null
  status: QuestionStatus
  answer: string | null
  answered_by: string | null
  answered_via: string | null
  closed_at: number | null
}

interface EffectsTable {
  module: string
  entity: string
  kind: string
  key: string
  status: 'intended' | 'done'
  fingerprint: string
  receipt_id: number | null
  receipt_url: string | null
  run_id: string
  updated_at: number
}

interface OutboxTable {
  id: Generated<number>
  address: string
  /** JSON of Message. */
  message: string
  dedupe_key: string
  run_id: string | null
  delivery: string | null
  status: 'queued' | 'sent' | 'dead'
  tries: number
  next_at: number
  /** Since when it may leave; the smallest one of an address is first. */
  turn: number
  error: string | null
  created_at: number
  finished_at: number | null
}
