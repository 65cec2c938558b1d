// Whether the files that are written are still those that the next start will open. SQLite goes on writing to a file
// that was deleted or replaced: what is acknowledged then is gone. Only `stat`: closing any descriptor of the database
// would drop the locks that this process holds on it.
import type BetterSqlite3 from 'better-sqlite3'
import { statSync } from 'node:fs'
import { StoreError } from '../store.ts'

/** How many bytes of a log come before its frames, and before each page in it (https://sqlite.org/fileformat2.html). */
const WAL_HEADER = 32
const FRAME_HEADER = 24

/** A few µs; throws when a file was deleted, replaced or cut, and no longer once it is back. */
export type CheckFiles = () => void

/** @throws StoreError `file_changed`, from the check */
export function watchFiles(file: string, connection: BetterSqlite3.Database): CheckFiles {
  const pageBytes = connection.pragma('page_size', { simple: true }) as number
  const database = see(file)
  const log = see(`${file}-wal`)
  return () => {
    check(database, () => (connection.pragma('page_count', { simple: true }) as number) * pageBytes)
    check(log, () => logBytes(connection, pageBytes))
  }

  /** `wanted`: how many bytes SQLite counts on. A file that others made smaller by SQLite's own means has them. */
  function check(seen: ReturnType<typeof see>, wanted: () => number): void {
    const found = statSync(seen.path, { throwIfNoEntry: false })
    if (found === undefined) throw changed(seen.path, 'deleted')
    if (found.ino !== seen.ino || found.dev !== seen.dev) throw changed(seen.path, 'replaced')
    if (found.size < seen.size && found.size < wanted()) throw changed(seen.path, 'cut')
    seen.size = found.size
  }

  function changed(path: string, how: string): StoreError {
    const what = `${path} was ${how} while the service has it open, so that nothing more is stored`
    const fix = `stop the service, restore ${file} from a backup, start again`
    return new StoreError('file_changed', `${what}: ${fix}`)
  }
}

/** How many bytes the log must have for the pages that are in it by SQLite's own account. */
function logBytes(connection: BetterSqlite3.Database, pageBytes: number): number {
  const [state] = connection.pragma('wal_checkpoint(NOOP)') as { log: number }[]
  return state === undefined || state.log <= 0 ? 0 : WAL_HEADER + state.log * (FRAME_HEADER + pageBytes)
}

function see(path: string) {
  const { dev, ino, size } = statSync(path)
  return { path, dev, ino, size }
}

/**
 * Before a start: a file that was emptied is no new database, and neither is a log without its database.
 * @throws StoreError `unusable`, with what to do
 */
export function refuseEmptied(file: string): void {
  const size = statSync(file, { throwIfNoEntry: false })?.size
  const log = statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0
  const missing = `${file} is missing, but its log ${file}-wal is there, which may hold what was accepted last`
  if (size === undefined && log > 0)
    throw new StoreError('unusable', `${missing}: restore ${file}, or delete the log to begin anew`)
  const empty = `${file} is empty (0 bytes), and no database: restore it from a backup, or delete`
  const both = log > 0 ? `${file} and ${file}-wal` : file
  if (size === 0) throw new StoreError('unusable', `${empty} ${both} to begin anew`)
}
