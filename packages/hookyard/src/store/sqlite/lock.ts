// One process writes a database. The lock is SQLite's own, on a small file beside the database, held by an
// open transaction: the operating system lets go of it when the process ends, however it ends.
import SqliteConnection from 'better-sqlite3'
import { readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { fields } from '../../lib/fields.ts'
import { StoreError } from '../store.ts'

// A predecessor that was killed a moment ago may still be on its way out.
const PATIENCE_MS = 3_000

/**
 * Makes this process the file's owner until `release`. Blocks its thread for up to 3 s.
 * @throws StoreError `locked` when another process stays the owner.
 */
export function lockOwner(file: string, now: number): { release: () => void } {
  const lock = new SqliteConnection(`${file}.lock`, { timeout: PATIENCE_MS })
  try {
    lock.exec('begin exclusive')
  } catch (error) {
    lock.close()
    if ((error as { code?: unknown }).code !== 'SQLITE_BUSY') throw error
    const what = `The database ${file} is in use by ${describeOwner(file)}`
    const fix = 'stop that process first, or give this one a data_dir of its own'
    throw new StoreError('locked', `${what}: ${fix}`, { cause: error })
  }
  // For that message alone: the lock itself never depends on it.
  const owner = { pid: process.pid, host: hostname(), since: new Date(now).toISOString() }
  try {
    writeFileSync(`${file}.owner`, JSON.stringify(owner), { mode: 0o600 })
  } catch {
    // A full disk must not keep the service from starting and saying so at its door.
  }
  return { release: () => lock.close() }
}

function describeOwner(file: string): string {
  try {
    const { pid, host, since } = fields(JSON.parse(readFileSync(`${file}.owner`, 'utf8')))
    return `process ${String(pid)} on ${String(host)} (since ${String(since)})`
  } catch {
    return 'another process'
  }
}
