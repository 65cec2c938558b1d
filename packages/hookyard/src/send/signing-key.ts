// The key that signed notifications carry: one of the installation, kept in the store, with a copy in a file that
// the operator can read and hand to the receiver.
import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { EffectStore } from '../store/store.ts'

export interface SigningKeyOptions {
  readonly store: Pick<EffectStore, 'setting'>
  readonly dataDir: string
}

/** The copy, in `data_dir`. */
export const SIGNING_KEY_FILE = 'notify-key'

/** The key; makes it, and writes its copy with mode 0600, when there is none yet. Rejects when the store or disk do. */
export async function openSigningKey({ store, dataDir }: SigningKeyOptions): Promise<string> {
  const key = await store.setting('notify_key', randomBytes(32).toString('base64url'))
  const file = join(dataDir, SIGNING_KEY_FILE)
  const copy = await readFile(file, 'utf8').catch(() => null)
  if (copy?.trim() !== key) await writeFile(file, `${key}\n`, { mode: 0o600 })
  return key
}
