// Kysely's SQLite dialect, with what one long-lived writing connection needs.
import type BetterSqlite3 from 'better-sqlite3'
import { CompiledQuery, SqliteAdapter, SqliteDialect, type Dialect, type SqliteDatabase } from 'kysely'

const KEPT_STATEMENTS = 300

class StoreAdapter extends SqliteAdapter {
  // SQLite can, and so a crash halfway through a migration leaves nothing of it.
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

/** The dialect over an open connection; Kysely's `destroy` closes it. */
export function createDialect(connection: BetterSqlite3.Database): Dialect {
  const dialect = new SqliteDialect({ database: preparingOnce(connection) })
  return {
    createAdapter: () => new StoreAdapter(),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createIntrospector: (db) => dialect.createIntrospector(db),
    createDriver() {
      const driver = dialect.createDriver()
      const rollback = driver.rollbackTransaction.bind(driver)
      // A transaction that reads first and writes later cannot wait for the checkpoint's lock: SQLite answers
      // SQLITE_BUSY at once. One that begins as a writer waits (busy_timeout).
      driver.beginTransaction = async (to) =>
        void (await to.executeQuery(CompiledQuery.raw('begin immediate')))
      // After a full disk or a failing one SQLite has rolled back already, and a second rollback would fail and
      // hide the error that matters.
      driver.rollbackTransaction = async (to) => {
        if (connection.inTransaction) await rollback(to)
      }
      return driver
    },
  }
}

/** Keeps prepared statements by their text: Kysely would prepare each query anew. */
function preparingOnce(connection: BetterSqlite3.Database): SqliteDatabase {
  const kept = new Map<string, BetterSqlite3.Statement<unknown[]>>()
  return {
    close: () => connection.close(),
    prepare(text) {
      const statement = kept.get(text) ?? connection.prepare<unknown[]>(text)
      kept.delete(text)
      kept.set(text, statement)
      const [oldest] = kept.keys()
      if (kept.size > KEPT_STATEMENTS && oldest !== undefined) kept.delete(oldest)
      return {
        reader: statement.reader,
        all: (parameters) => statement.all(...parameters),
        run: (parameters) => statement.run(...parameters),
        iterate: (parameters) => statement.iterate(...parameters),
      }
    },
  }
}
