// Kysely's SQLite dialect, with what one long-lived writing connection needs.
import type BetterSqlite3 from 'better-sqlite3'
import {
  CompiledQuery,
  SqliteAdapter,
  SqliteDialect,
  SqliteDriver,
  type DatabaseConnection,
  type SqliteDatabase,
} from 'kysely'

const KEPT_STATEMENTS = 300

/** The dialect over an open connection; Kysely's `destroy` closes it. */
export function createDialect(connection: BetterSqlite3.Database): SqliteDialect {
  return new StoreDialect(connection)
}

class StoreDialect extends SqliteDialect {
  readonly #connection: BetterSqlite3.Database
  readonly #database: SqliteDatabase

  constructor(connection: BetterSqlite3.Database) {
    const database = preparingOnce(connection)
    super({ database })
    this.#connection = connection
    this.#database = database
  }

  override createDriver(): SqliteDriver {
    return new StoreDriver(this.#connection, this.#database)
  }

  override createAdapter(): SqliteAdapter {
    return new StoreAdapter()
  }
}

class StoreDriver extends SqliteDriver {
  readonly #connection: BetterSqlite3.Database

  constructor(connection: BetterSqlite3.Database, database: SqliteDatabase) {
    super({ database })
    this.#connection = connection
  }

  // A transaction that reads first and writes later cannot wait for the checkpoint's lock: SQLite answers
  // SQLITE_BUSY at once. One that begins as a writer waits (busy_timeout).
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'))
  }

  // After a full disk or a failing one SQLite has rolled back already, and a second rollback would fail and
  // hide the error that matters.
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#connection.inTransaction) await super.rollbackTransaction(connection)
  }
}

class StoreAdapter extends SqliteAdapter {
  // SQLite can, and so a crash halfway through a migration leaves nothing of it.
  override get supportsTransactionalDdl(): boolean {
    return true
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
