// Opening the database file: durable, and with its tables up to date.
import SqliteConnection from 'better-sqlite3'
import { closeSync, existsSync, openSync, rmSync } from 'node:fs'
import { Kysely } from 'kysely'
import { migrate, requireMigrated, type Flavour } from '../migrations.ts'
import { namesPlugin, type Database, type Db } from '../schema.ts'
import { StoreError } from '../store.ts'
import { refuseEmptied } from './database-file.ts'
import { createDialect } from './dialect.ts'

const BUSY_TIMEOUT_MS = 5_000

/** What SQLite calls the types that differ. */
export const sqliteFlavour: Flavour = { id: 'integer primary key autoincrement', bytes: 'blob' }

export interface OpenDatabase {
  readonly connection: SqliteConnection.Database
  readonly db: Db
}

/**
 * Opens the file for its one writer, making it and its tables when they are missing; `isNew`: it was.
 * @throws StoreError `unusable` when a newer version made the tables, or the file was emptied; SqliteError when it is
 * no database, or was cut.
 */
export async function openForWriting(file: string): Promise<OpenDatabase & { readonly isNew: boolean }> {
  refuseEmptied(file)
  const isNew = createPrivately(file)
  try {
    const options = { timeout: BUSY_TIMEOUT_MS }
    const open = await openWith(file, options, async (connection, db) => {
      connection.pragma('journal_mode = WAL')
      // FULL: a commit is on the disk, not in the system's cache, before it is answered.
      connection.pragma('synchronous = FULL')
      connection.pragma('foreign_keys = ON')
      // What a statement needs to be undone with is small, and a temporary file for it costs a write per delivery.
      connection.pragma('temp_store = MEMORY')
      await migrate(db, sqliteFlavour)
      // From here on a thread of its own does the checkpoints, see checkpoints.ts.
      connection.pragma('wal_autocheckpoint = 0')
    })
    return { ...open, isNew }
  } catch (error) {
    // An empty file would be taken for one that was emptied.
    if (isNew) rmSync(file, { force: true })
    throw error
  }
}

/**
 * Opens the file to read it, beside a writer or without one.
 * @throws StoreError `unusable` when there is no such file, or its tables are of another version.
 */
export async function openForReading(file: string): Promise<OpenDatabase> {
  const missing = `There is no database at ${file}: start the server once, or correct data_dir`
  if (!existsSync(file)) throw new StoreError('unusable', missing)
  refuseEmptied(file)
  const options = { readonly: true, timeout: BUSY_TIMEOUT_MS }
  return openWith(file, options, (_connection, db) => requireMigrated(db, sqliteFlavour))
}

async function openWith(
  file: string,
  options: SqliteConnection.Options,
  prepare: (connection: SqliteConnection.Database, db: Db) => Promise<void>,
): Promise<OpenDatabase> {
  const connection = new SqliteConnection(file, options)
  const db: Db = new Kysely<Database>({ dialect: createDialect(connection), plugins: [namesPlugin()] })
  try {
    await prepare(connection, db)
    return { connection, db }
  } catch (error) {
    connection.close()
    throw error
  }
}

// Payloads of private repositories lie in it. SQLite gives its side files the same mode. An existing file
// MUST NOT be opened here: closing any descriptor of it would drop the locks that this process holds on it.
function createPrivately(file: string): boolean {
  try {
    closeSync(openSync(file, 'wx', 0o600))
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return false
  }
}
