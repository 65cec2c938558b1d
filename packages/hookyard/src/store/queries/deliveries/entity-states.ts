// What is under way for (module, entity): the facts that a delivery is decided on.
import { sql } from 'kysely'
import type { Db } from '../../schema.ts'
import type { EntityState } from '../../store.ts'
import { powersOfTwo, runCompiled } from '../statements.ts'

interface Key {
  readonly module: string
  readonly entity: string
}

const nameOf = ({ module, entity }: Key) => `${module}\n${entity}`

/** The states of these pairs, in their order. */
export async function entityStates(db: Db, keys: readonly Key[]): Promise<EntityState[]> {
  const states: EntityState[] = []
  // Each pair is a branch of one OR, and SQLite refuses expressions deeper than 1000.
  for (const pairs of powersOfTwo(keys)) {
    const values = pairs.flatMap(({ module, entity }) => [module, entity])
    const windows = await runCompiled(db, 'windows', () => windowsQuery(db, pairs), values)
    const runs = await runCompiled(db, 'unfinished', () => unfinishedQuery(db, pairs), values)
    const until = new Map(windows.map((window) => [nameOf(window), window.until]))
    const underWay = Map.groupBy(runs, nameOf)
    for (const { module, entity } of pairs) {
      const name = nameOf({ module, entity })
      const found = underWay.get(name) ?? []
      const waiting = found.find((run) => run.waiting === 1)
      states.push({
        module,
        entity,
        windowUntil: until.get(name) ?? null,
        waiting: waiting ? { id: waiting.id, firstAt: waiting.createdAt, dueAt: waiting.dueAt } : null,
        unfinished: found.filter((run) => run.waiting === 0).map((run) => run.id),
      })
    }
  }
  return states
}

const windowsQuery = (db: Db, pairs: readonly Key[]) =>
  db
    .selectFrom('windows')
    .select(['module', 'entity', 'until'])
    .where(({ or, and }) => or(pairs.map(({ module, entity }) => and({ module, entity }))))

/** Unfinished runs of these pairs; exported so that a test can ask for its plan. */
export const unfinishedQuery = (db: Db, pairs: readonly Key[]) =>
  db
    .selectFrom('runs')
    .select(['id', 'module', 'entity', 'waiting', 'createdAt', 'dueAt'])
    .where('finishedAt', 'is', null)
    .where(({ or, and }) => or(pairs.map(({ module, entity }) => and({ module, entity }))))
    .orderBy(sql.ref('id'))
