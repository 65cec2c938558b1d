// Statements whose text is made once. Kysely builds and prints a query in more time than SQLite takes to run it;
// where a delivery passes, only the values differ from call to call.
import { CompiledQuery, type Compilable, type Insertable, type Kysely } from 'kysely'
import type { Database } from '../schema.ts'

/** By the dialect's adapter, which all transactions of a database share, and by key. */
const texts = new WeakMap<object, Map<string, string>>()

function textsOf(db: Kysely<Database>): Map<string, string> {
  const { adapter } = db.getExecutor()
  const known = texts.get(adapter) ?? new Map<string, string>()
  texts.set(adapter, known)
  return known
}

/**
 * Runs the query that `build` makes, with these values in the order in which its text has them. `key` names it
 * among all others; for each number of values there is a text of its own.
 * @throws Error when the query binds another number of values.
 */
export async function runCompiled<Row>(
  db: Kysely<Database>,
  key: string,
  build: () => Compilable<Row>,
  values: readonly unknown[],
): Promise<Row[]> {
  const known = textsOf(db)
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
  db: Kysely<Database>,
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
    const values = piece.flatMap((row) => Object.values(row) as unknown[])
    await runCompiled(db, key, build, values)
  }
}
