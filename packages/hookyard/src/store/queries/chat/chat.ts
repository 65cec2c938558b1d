// Chats: settings that users made, updates that have had their effect, who is who by the codes that were given out.
import type { Db, Trx } from '../../schema.ts'
import { StoreError, type ChatCommit, type ChatStore, type NewClaim } from '../../store.ts'
import { insertMessages } from '../outbox/outbox.ts'

/** Telegram keeps an update for a day; what is older than this comes no more. */
const REMEMBERED_MS = 2 * 86_400_000

/** The stage's queries. */
export function createChatStore(db: Db): ChatStore {
  const updatesOf = (bot: string) => db.selectFrom('chatUpdates').where('bot', '=', bot)
  return {
    settings: () =>
      db
        .selectFrom('userSettings')
        .select(['userName as user', 'kind', 'key', 'value', 'changedAt'])
        .orderBy('userName')
        .orderBy('kind')
        .orderBy('key')
        .execute(),
    invite: ({ user: userName, ...code }, at) =>
      db.transaction().execute(async (trx) => {
        const gone = trx.deleteFrom('invites')
        await gone
          .where(({ or, eb }) => or([eb('userName', '=', userName), eb('expiresAt', '<=', at)]))
          .execute()
        await trx
          .insertInto('invites')
          .values({ userName, ...code })
          .execute()
      }),
    async invited(codeHash, at) {
      const codes = db.selectFrom('invites').select('userName').where('codeHash', '=', codeHash)
      return (await codes.where('expiresAt', '>', at).executeTakeFirst())?.userName ?? null
    },
    claims: () =>
      db
        .selectFrom('claims')
        .select(['userName as user', 'telegramId', 'chatId', 'claimedAt'])
        .orderBy('userName')
        .execute(),
    revoke: (user) =>
      db.transaction().execute(async (trx) => {
        const codes = await trx.deleteFrom('invites').where('userName', '=', user).executeTakeFirst()
        const claims = await trx.deleteFrom('claims').where('userName', '=', user).executeTakeFirst()
        return codes.numDeletedRows + claims.numDeletedRows > 0n
      }),
    commit: (commit) => db.transaction().execute((trx) => commitUpdate(trx, commit)),
    async isCommitted(bot, updateId) {
      const found = updatesOf(bot).select('updateId').where('updateId', '=', updateId)
      return (await found.executeTakeFirst()) !== undefined
    },
    async lastUpdate(bot) {
      const last = updatesOf(bot).select(['updateId', 'committedAt as at'])
      const newest = last.orderBy('committedAt', 'desc').orderBy('updateId', 'desc').limit(1)
      return (await newest.executeTakeFirst()) ?? null
    },
  }
}

async function commitUpdate(trx: Trx, commit: ChatCommit): Promise<boolean> {
  const { bot, updateId, changes, messages, claim, at } = commit
  const first = await trx
    .insertInto('chatUpdates')
    .values({ bot, updateId, committedAt: at })
    .onConflict((conflict) => conflict.doNothing())
    .returning('updateId')
    .executeTakeFirst()
  if (!first) return false
  const forgotten = at - REMEMBERED_MS
  await trx.deleteFrom('chatUpdates').where('committedAt', '<', forgotten).execute()
  for (const { user: userName, kind, key, value } of changes) {
    if (value === null) {
      const taken = trx.deleteFrom('userSettings')
      await taken.where(({ and }) => and({ userName, kind, key })).execute()
    } else {
      const kept = { value, changedAt: at }
      await trx
        .insertInto('userSettings')
        .values({ userName, kind, key, ...kept })
        .onConflict((conflict) => conflict.columns(['userName', 'kind', 'key']).doUpdateSet(kept))
        .execute()
    }
  }
  if (claim) await writeClaim(trx, claim, at)
  await insertMessages(trx, messages)
  return true
}

/** Uses the code up; the newer claim of a user or a person replaces the older. @throws StoreError `stale_claim` */
async function writeClaim(trx: Trx, claim: NewClaim, at: number): Promise<void> {
  const { user: userName, telegramId, chatId, codeHash } = claim
  const used = await trx
    .deleteFrom('invites')
    .where(({ and }) => and({ codeHash, userName }))
    .where('expiresAt', '>', at)
    .executeTakeFirst()
  if (used.numDeletedRows === 0n)
    throw new StoreError('stale_claim', 'the code of this claim is used or gone')
  await trx
    .deleteFrom('claims')
    .where(({ or }) => or({ userName, telegramId }))
    .execute()
  await trx.insertInto('claims').values({ userName, telegramId, chatId, claimedAt: at }).execute()
}
