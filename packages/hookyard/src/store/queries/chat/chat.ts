// Chats: settings that users made, and the updates that have had their effect.
import type { Kysely, Transaction } from 'kysely'
import type { ChatCommit, ChatStore } from '../../port/chat-port.ts'
import { createInviteQueries, writeClaim } from './invites.ts'
import { insertMessages } from '../runs/new-rows.ts'
import type { Database } from '../../schema.ts'

/** Telegram keeps an update for a day; what is older than this comes no more. */
const REMEMBERED_MS = 2 * 86_400_000

/** The stage's queries. */
export function createChatStore(db: Kysely<Database>): ChatStore {
  return {
    async settings() {
      return db
        .selectFrom('user_settings')
        .select(['user_name as user', 'kind', 'key', 'value', 'changed_at as changedAt'])
        .orderBy('user_name')
        .orderBy('kind')
        .orderBy('key')
        .execute()
    },
    ...createInviteQueries(db),
    commit: (commit) => db.transaction().execute((trx) => commitUpdate(trx, commit)),
    async isCommitted(bot, updateId) {
      const found = await db
        .selectFrom('chat_updates')
        .select('update_id')
        .where('bot', '=', bot)
        .where('update_id', '=', updateId)
        .executeTakeFirst()
      return found !== undefined
    },
    async lastUpdate(bot) {
      const last = await db
        .selectFrom('chat_updates')
        .select(['update_id as updateId', 'committed_at as at'])
        .where('bot', '=', bot)
        .orderBy('committed_at', 'desc')
        .orderBy('update_id', 'desc')
        .limit(1)
        .executeTakeFirst()
      return last ?? null
    },
  }
}

async function commitUpdate(trx: Transaction<Database>, commit: ChatCommit): Promise<boolean> {
  const { bot, updateId, changes, messages, claim, at } = commit
  const first = await trx
    .insertInto('chat_updates')
    .values({ bot, update_id: updateId, committed_at: at })
    .onConflict((conflict) => conflict.doNothing())
    .returning('update_id')
    .executeTakeFirst()
  if (!first) return false
  await trx
    .deleteFrom('chat_updates')
    .where('committed_at', '<', at - REMEMBERED_MS)
    .execute()
  for (const { user, kind, key, value } of changes) {
    if (value === null) {
      await trx
        .deleteFrom('user_settings')
        .where('user_name', '=', user)
        .where('kind', '=', kind)
        .where('key', '=', key)
        .execute()
    } else {
      await trx
        .insertInto('user_settings')
        .values({ user_name: user, kind, key, value, changed_at: at })
        .onConflict((conflict) =>
          conflict.columns(['user_name', 'kind', 'key']).doUpdateSet({ value, changed_at: at }),
        )
        .execute()
    }
  }
  if (claim) await writeClaim(trx, claim, at)
  await insertMessages(trx, messages)
  return true
}
