// What the queries share: statements whose text is made once, lists in pieces, JSON columns. Kysely builds and prints a
// query in more time than SQLite takes to run it; where a delivery passes, only the values differ from call to call.
import { CompiledQuery, type Compilable, type Insertable } from 'kysely'
import type { Database, Db } from '../schema.ts'

/** By the dialect's adapter, which all transactions of a database share, and by key. */
const texts = new WeakMap<object, Map<string, string>>()

/**
 * Runs the query that `build` makes, with these values in the order in which its text has them. `key` names it
 * among all others; for each number of values there is a text of its own.
 * @throws Error when the query binds another number of values.
 */
export async function runCompiled<Row>(
  db: Db,
  key: string,
  build: () => Compilable<Row>,
  values: readonly unknown[],
): Promise<Row[]> {
  const { adapter } = db.getExecutor()
  const known = texts.get(adapter) ?? new Map<string, string>()
  texts.set(adapter, known)
  const name = `${key} ${values.length}`
  let text = known.get(name)
  if (text === undefined) {
    const { sql, parameters } = build().compile()
    if (parameters.length !== values.length)
      throw new Error(`${key} binds ${parameters.length} values and was given ${values.length}`)
    known.set(name, (text = sql))
  }
  return (await db.executeQuery(CompiledQuery.raw(text, [...values]) as CompiledQuery<Row>)).rows
}

const MOST_ITEMS = 64

/** Cuts a list into pieces whose lengths are powers of two, at most 64: a handful of texts serves any number. */
export function powersOfTwo<Item>(items: readonly Item[]): Item[][] {
  const pieces: Item[][] = []
  for (let start = 0, size = MOST_ITEMS; start < items.length;) {
    while (size > items.length - start) size /= 2
    pieces.push(items.slice(start, start + size))
    start += size
  }
  return pieces
}

/** Inserts rows that all have the same keys in the same order; `ignore`: one that is there already is left alone. */
export async function insertAlike<Table extends keyof Database & string>(
  db: Db,
  table: Table,
  rows: readonly Insertable<Database[Table]>[],
  ignore = false,
): Promise<void> {
  const key = `insert ${table} ${Object.keys(rows[0] ?? {}).join()} ${ignore}`
  for (const piece of powersOfTwo(rows)) {
    const build = () => {
      const insert = db.insertInto(table).values(piece)
      return ignore ? insert.onConflict((conflict) => conflict.doNothing()) : insert
    }
    await runCompiled(
      db,
      key,
      build,
      piece.flatMap((row) => Object.values(row) as unknown[]),
    )
  }
}

/** SQLite binds at most 32,766 values to one statement, PostgreSQL 65,535. */
const MAX_VALUES = 30_000

/** Cuts rows into groups that one statement can hold; `columns` = the values that one row binds. */
export function chunks<Row>(rows: readonly Row[], columns = 1): Row[][] {
  const size = Math.floor(MAX_VALUES / columns)
  const groups: Row[][] = []
  for (let start = 0; start < rows.length; start += size) groups.push(rows.slice(start, start + size))
  return groups
}

/** A JSON column; `undefined` becomes null. */
export const toJson = (value: unknown): string | null => (value == null ? null : JSON.stringify(value))

/** @throws SyntaxError when the column holds no JSON. */
export const fromJson = (text: string | null): unknown => (text === null ? null : JSON.parse(text))
