// SQLite binds at most 32,766 values to one statement, PostgreSQL 65,535.
const MAX_VALUES = 30_000

/** Cuts rows into groups that one statement can hold; `columns` = the values that one row binds. */
export function chunks<Row>(rows: readonly Row[], columns: number): Row[][] {
  const size = Math.max(1, Math.floor(MAX_VALUES / columns))
  const groups: Row[][] = []
  for (let start = 0; start < rows.length; start += size) groups.push(rows.slice(start, start + size))
  return groups
}
