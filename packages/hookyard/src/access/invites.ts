// Codes by which a person on Telegram shows which user they are: `/start CODE`. 128 random bits, of which only the
// hash is kept; used once, for ten minutes, the latest one of a user alone.
import { createHash, randomBytes } from 'node:crypto'
import type { ChatStore } from '../store/store.ts'

/** How long a code counts, in ms. */
const LASTS_MS = 600_000

export interface Invite {
  readonly user: string
  /** Letters and digits: it also fits `https://t.me/BOT?start=CODE`. */
  readonly code: string
  /** ms since the epoch */
  readonly expiresAt: number
}

/** What is kept of a code, in hexadecimal. */
export const hashOfCode = (code: string): string => createHash('sha256').update(code).digest('hex')

/** A new code for this user, in the place of an earlier one. */
export async function createInvite(
  store: Pick<ChatStore, 'invite'>,
  user: string,
  now: number,
): Promise<Invite> {
  const code = randomBytes(16).toString('hex')
  const expiresAt = now + LASTS_MS
  await store.invite({ user, codeHash: hashOfCode(code), expiresAt }, now)
  return { user, code, expiresAt }
}
