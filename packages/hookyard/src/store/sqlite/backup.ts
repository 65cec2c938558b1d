// A consistent copy of the database while its owner goes on writing.
import { open, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { toError } from '../../lib/errors.ts'
import { StoreError } from '../store.ts'
import type { BackupData } from './backup-thread.ts'
import { spawnThread } from './threads.ts'

/**
 * Copies the database `file` into the new file `to`, which only its owner can read.
 * @throws Error EEXIST when `to` is there already; StoreError `backup_failed`, and then `to` is gone again.
 */
export async function backupDatabase(file: string, to: string): Promise<void> {
  const data: BackupData = { file: resolve(file), to: resolve(to) }
  // Never over another file; and private from its first byte, since payloads of private repositories are in it.
  await (await open(data.to, 'wx', 0o600)).close()
  try {
    await copied(data)
    const copy = await open(data.to, 'r+')
    await copy.sync().finally(() => copy.close())
  } catch (thrown) {
    await rm(data.to, { force: true })
    throw new StoreError('backup_failed', `${data.file} could not be copied: ${toError(thrown).message}`, {
      cause: thrown,
    })
  }
}

function copied(data: BackupData): Promise<void> {
  const thread = spawnThread('backup-thread', data)
  return new Promise((resolve, reject) => {
    thread.once('message', () => resolve())
    thread.once('error', reject)
    thread.once('exit', () => reject(new Error('the copying thread ended without a word')))
  })
}
