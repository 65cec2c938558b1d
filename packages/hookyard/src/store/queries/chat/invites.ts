// Who is who on Telegram: codes that were given out, and the persons who used one.
import type { Kysely, Transaction } from 'kysely'
import type { ChatStore, NewClaim } from '../../port/chat-port.ts'
import type { Database } from '../../schema.ts'
import { StoreError } from '../../store.ts'

/** The stage's queries about codes and claims. */
export function createInviteQueries(
  db: Kysely<Database>,
): Pick<ChatStore, 'invite' | 'invited' | 'claims' | 'revoke'> {
  return {
    invite: ({ user, codeHash, expiresAt }, at) =>
      db.transaction().execute(async (trx) => {
        await trx
          .deleteFrom('invites')
          .where((row) => row.or([row('user_name', '=', user), row('expires_at', '<=', at)]))
          .execute()
        const invite = { code_hash: codeHash, user_name: user, expires_at: expiresAt }
        await trx.insertInto('invites').values(invite).execute()
      }),
    async invited(codeHash, at) {
      const found = await db
        .selectFrom('invites')
        .select('user_name')
        .where('code_hash', '=', codeHash)
        .where('expires_at', '>', at)
        .executeTakeFirst()
      return found?.user_name ?? null
    },
    claims: () =>
      db
        .selectFrom('claims')
        .select([
          'user_name as user',
          'telegram_id as telegramId',
          'chat_id as chatId',
          'claimed_at as claimedAt',
        ])
        .orderBy('user_name')
        .execute(),
    revoke: (user) =>
      db.transaction().execute(async (trx) => {
        const codes = await trx.deleteFrom('invites').where('user_name', '=', user).executeTakeFirst()
        const claims = await trx.deleteFrom('claims').where('user_name', '=', user).executeTakeFirst()
        return codes.numDeletedRows + claims.numDeletedRows > 0n
      }),
  }
}

/** Uses the code up; the newer claim of a user or a person replaces the older. @throws StoreError `stale_claim` */
export async function writeClaim(trx: Transaction<Database>, claim: NewClaim, at: number): Promise<void> {
  const { user, telegramId, chatId, codeHash } = claim
  const used = await trx
    .deleteFrom('invites')
    .where('code_hash', '=', codeHash)
    .where('user_name', '=', user)
    .where('expires_at', '>', at)
    .executeTakeFirst()
  if (used.numDeletedRows === 0n)
    throw new StoreError('stale_claim', 'the code of this claim is used or gone')
  await trx
    .deleteFrom('claims')
    .where((row) => row.or([row('user_name', '=', user), row('telegram_id', '=', telegramId)]))
    .execute()
  await trx
    .insertInto('claims')
    .values({ user_name: user, telegram_id: telegramId, chat_id: chatId, claimed_at: at })
    .execute()
}
