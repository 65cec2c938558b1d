// What is under way for (module, entity): the facts that a delivery is decided on.
import { sql, type Kysely } from 'kysely'
import { powersOfTwo, runCompiled } from '../compiled-once.ts'
import type { Database } from '../../schema.ts'
import type { EntityState } from '../../store.ts'

interface Key {
  readonly module: string
  readonly entity: string
}

/** The states of these pairs, in their order. */
export async function entityStates(db: Kysely<Database>, keys: readonly Key[]): Promise<EntityState[]> {
  // Each pair is a branch of one OR, and SQLite refuses expressions deeper than 1000.
  const states: EntityState[] = []
  for (const piece of powersOfTwo(keys)) states.push(...(await statesOf(db, piece)))
  return states
}

const nameOf = ({ module, entity }: Key) => `${module}\n${entity}`

async function statesOf(db: Kysely<Database>, keys: readonly Key[]): Promise<EntityState[]> {
  const values = keys.flatMap(({ module, entity }) => [module, entity])
  const windows = await runCompiled(db, 'windows', () => windowsQuery(db, keys), values)
  const runs = await runCompiled(db, 'unfinished', () => unfinishedQuery(db, keys), values)
  const until = new Map(windows.map((window) => [nameOf(window), window.until]))
  const underWay = Map.groupBy(runs, nameOf)
  return keys.map(({ module, entity }) => {
    const found = underWay.get(nameOf({ module, entity })) ?? []
    const waiting = found.find((run) => run.waiting === 1)
    return {
      module,
      entity,
      windowUntil: until.get(nameOf({ module, entity })) ?? null,
      waiting: waiting ? { id: waiting.id, firstAt: waiting.created_at, dueAt: waiting.due_at } : null,
      unfinished: found.filter((run) => run.waiting === 0).map((run) => run.id),
    }
  })
}

const windowsQuery = (db: Kysely<Database>, pairs: readonly Key[]) =>
  db
    .selectFrom('windows')
    .select(['module', 'entity', 'until'])
    .where((eb) => eb.or(pairs.map(({ module, entity }) => eb.and({ module, entity }))))

/** Unfinished runs of these pairs; exported so that a test can ask for its plan. */
export const unfinishedQuery = (db: Kysely<Database>, pairs: readonly Key[]) =>
  db
    .selectFrom('runs')
    .select(['id', 'module', 'entity', 'waiting', 'created_at', 'due_at'])
    .where('finished_at', 'is', null)
    .where((eb) => eb.or(pairs.map(({ module, entity }) => eb.and({ module, entity }))))
    .orderBy(sql.ref('id'))
