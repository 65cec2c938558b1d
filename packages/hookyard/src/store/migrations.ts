// How the tables came to be, one entry per released change; an entry is never edited once it is released.
// Plain SQL that SQLite and PostgreSQL read alike: where they differ, the flavour says how.
import { sql, type Kysely } from 'kysely'
import { DEFAULT_MIGRATION_TABLE, Migrator, type Migration } from 'kysely/migration'
import { StoreError } from './store.ts'

/** Where the databases differ in their column types. */
export interface Flavour {
  /** A primary key that counts up and never comes back. */
  readonly id: string
  readonly bytes: string
}

const migrations = (flavour: Flavour): Record<string, Migration> => ({
  '0001-initial': step([
    ...deliveries(flavour),
    ...runs(flavour),
    ...entities,
    ...effects,
    ...outbox(flavour),
  ]),
  // '' instead of null: a null would never be equal to itself in the key.
  '0002-spendings': step([
    `create table spendings (
      day text not null, module text not null, repository text not null, user_name text not null,
      usd double precision not null, primary key (day, module, repository, user_name)
    )`,
  ]),
  '0003-questions-and-schedules': step([...questions, ...schedules]),
  '0004-replays-and-switches': step(replaysAndSwitches),
  '0005-chats': step(chats),
  '0006-tainted-runs': step([
    `alter table runs add column tainted integer not null default 0`,
    `alter table states add column tainted integer not null default 0`,
  ]),
  '0007-invites': step([
    `create table invites (
      code_hash text primary key not null, user_name text not null unique, expires_at bigint not null
    )`,
    `create table claims (
      user_name text primary key not null, telegram_id bigint not null unique, chat_id bigint,
      claimed_at bigint not null
    )`,
  ]),
  '0008-turns': step([
    `alter table outbox add column turn bigint not null default 0`,
    `update outbox set turn = created_at where status = 'queued'`,
    `drop index outbox_queued`,
    `create index outbox_queued on outbox (address, turn, id) where status = 'queued'`,
  ]),
})

/**
 * Brings the tables up to date.
 * @throws StoreError `unusable` when they were made by a newer version, or a step failed.
 */
export async function migrate<Tables>(db: Kysely<Tables>, flavour: Flavour): Promise<void> {
  const { error } = await migrator(db, flavour).migrateToLatest()
  if (error !== undefined) throw unusable(error)
}

/**
 * Changes nothing; for a reader that may not write.
 * @throws StoreError `unusable` when the tables are not those of this version.
 */
export async function requireMigrated<Tables>(db: Kysely<Tables>, flavour: Flavour): Promise<void> {
  const steps = await migrator(db, flavour).getMigrations()
  const missing = steps.find((found) => found.executedAt === undefined)
  if (missing) throw unusable(new Error(`step ${missing.name} has not run yet; start the server once`))
  const names = sql<{ name: string }>`select name from ${sql.table(DEFAULT_MIGRATION_TABLE)}`
  const executed = await names.execute(db)
  const unknown = executed.rows.find((row) => !steps.some((found) => found.name === row.name))
  if (unknown) throw unusable(new Error(`step ${unknown.name} is unknown`))
}

const migrator = <Tables>(db: Kysely<Tables>, flavour: Flavour) =>
  new Migrator({ db, provider: { getMigrations: async () => migrations(flavour) } })

const step = (statements: readonly string[]): Migration => ({
  async up(db) {
    for (const statement of statements) await sql.raw(statement).execute(db)
  },
})

function unusable(cause: unknown): StoreError {
  const found = cause instanceof Error ? cause.message : String(cause)
  const fix = 'if a newer version of hookyard wrote this database, run that version, or restore a backup'
  const what = `The database's tables are not those of this version: ${found}`
  return new StoreError('unusable', `${what} (${fix})`, { cause })
}

const deliveries = ({ id, bytes }: Flavour) => [
  `create table deliveries (
    id ${id}, guid text not null unique, hook_id text, event text not null, action text, repository text,
    entity text not null, received_at bigint not null, status text not null, error text
  )`,
  `create index deliveries_pending on deliveries (id) where status = 'received'`,
  `create index deliveries_entity on deliveries (entity, id)`,
  `create table payloads (
    delivery_id integer primary key references deliveries (id) on delete cascade, body ${bytes} not null
  )`,
  `create table decisions (
    id ${id}, delivery_id bigint not null references deliveries (id) on delete cascade,
    user_name text not null, module text, outcome text not null, reason text, run_id text
  )`,
  `create index decisions_delivery on decisions (delivery_id)`,
]

// A partial index is used only when its condition stands in the query word for word: as a literal, never
// as a parameter.
const runs = ({ id }: Flavour) => [
  `create table runs (
    id text primary key not null, module text not null, entity text not null, repository text,
    "trigger" text not null, delivery text, status text not null, reason text, attempt integer not null,
    failures integer not null, summary text, details text, error text, cost_usd double precision not null,
    input text, depth integer not null, concurrency text not null, cooldown_ms bigint not null,
    waiting integer not null, due_at bigint not null, run_at bigint not null, lease_owner text,
    lease_until bigint, cancel_reason text, journal_due integer not null, created_at bigint not null,
    started_at bigint, finished_at bigint
  )`,
  `create index runs_due on runs (run_at, id) where status = 'queued'`,
  `create index runs_unfinished on runs (module, entity) where finished_at is null`,
  `create unique index runs_waiting on runs (module, entity) where waiting = 1`,
  `create index runs_running on runs (module, entity) where status = 'running'`,
  `create index runs_journal_due on runs (id) where journal_due = 1`,
  `create index runs_module on runs (module, id)`,
  `create index runs_entity on runs (entity, id)`,
  `create index runs_ended on runs (status, id) where finished_at is not null`,
  `create index runs_delivery on runs (delivery)`,
  `create table run_recipients (
    run_id text not null references runs (id) on delete cascade, recipient text not null,
    primary key (run_id, recipient)
  )`,
  `create index run_recipients_recipient on run_recipients (recipient, run_id)`,
  `create table attempts (
    id ${id}, run_id text not null references runs (id) on delete cascade, attempt integer not null,
    started_at bigint not null, finished_at bigint, status text not null, error text,
    unique (run_id, attempt)
  )`,
  `create table idempotency (
    scope text not null, "key" text not null, fingerprint text not null,
    run_id text not null references runs (id) on delete cascade, primary key (scope, "key")
  )`,
  `create index idempotency_run on idempotency (run_id)`,
]

const entities = [
  `create table windows (
    module text not null, entity text not null, until bigint not null, run_id text not null,
    primary key (module, entity)
  )`,
  `create index windows_run on windows (run_id)`,
  `create table states (
    module text not null, entity text not null, state text not null, run_id text not null,
    updated_at bigint not null, primary key (module, entity)
  )`,
]

const questions = [
  `create table questions (
    run_id text not null references runs (id) on delete cascade, ordinal integer not null,
    text text not null, options text not null, fallback text, state text, asked_at bigint not null,
    expires_at bigint, status text not null, answer text, answered_by text, answered_via text,
    closed_at bigint, primary key (run_id, ordinal)
  )`,
  `create index questions_open on questions (expires_at) where status = 'open'`,
  `create index effects_receipt on effects (receipt_id) where receipt_id is not null`,
]

const schedules = [
  `create table schedules (schedule text primary key not null, handled_until bigint not null)`,
  `create table repositories (name text primary key not null, seen_at bigint not null)`,
  `insert into repositories (name, seen_at)
    select repository, max(received_at) from deliveries where repository is not null group by repository`,
  `create table leases (name text primary key not null, owner text not null, until bigint not null)`,
]

const replaysAndSwitches = [
  `alter table deliveries add column replays integer not null default 0`,
  `alter table decisions add column replay integer not null default 0`,
  `create index decisions_user on decisions (user_name, delivery_id)`,
  `create index outbox_dead on outbox (id) where status = 'dead'`,
  `create table module_switches (
    module text primary key not null, enabled integer not null, switched_by text not null,
    switched_at bigint not null
  )`,
]

const chats = [
  `create table user_settings (
    user_name text not null, kind text not null, "key" text not null, value text not null,
    changed_at bigint not null, primary key (user_name, kind, "key")
  )`,
  `create table chat_updates (
    bot text not null, update_id bigint not null, committed_at bigint not null, primary key (bot, update_id)
  )`,
  `create index chat_updates_age on chat_updates (committed_at)`,
]

const effects = [
  `create table effects (
    module text not null, entity text not null, kind text not null, "key" text not null,
    status text not null, fingerprint text not null, receipt_id bigint, receipt_url text,
    run_id text not null, updated_at bigint not null, primary key (module, entity, kind, "key")
  )`,
  `create table onces (
    run_id text not null, "key" text not null, done integer not null, result text,
    primary key (run_id, "key")
  )`,
  `create table settings (name text primary key not null, value text not null)`,
]

const outbox = ({ id }: Flavour) => [
  `create table outbox (
    id ${id}, address text not null, message text not null, dedupe_key text not null unique, run_id text,
    delivery text, status text not null, tries integer not null, next_at bigint not null, error text,
    created_at bigint not null, finished_at bigint
  )`,
  `create index outbox_queued on outbox (address, id) where status = 'queued'`,
  `create index outbox_run on outbox (run_id)`,
  `create index outbox_delivery on outbox (delivery)`,
]
