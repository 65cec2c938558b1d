// The embedded database keeps the port's contract.
import SqliteConnection from 'better-sqlite3'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storeContract } from '../../../testing/store-contract.ts'
import { openSqliteStore } from './open.ts'

storeContract('sqlite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hookyard-store-'))
  const file = join(folder, 'hookyard.db')
  return {
    open: () => openSqliteStore({ file }),
    empty: async () => emptyTables(file),
    remove: () => rm(folder, { recursive: true }),
  }
})

function emptyTables(file: string): void {
  const connection = new SqliteConnection(file)
  const tables = connection
    .prepare(`select name from sqlite_schema where type = 'table' and name not like 'kysely_%'`)
    .pluck()
    .all() as string[]
  connection.transaction(() => {
    connection.pragma('defer_foreign_keys = ON')
    for (const table of tables) connection.exec(`delete from "${table}"`)
  })()
  connection.close()
}
