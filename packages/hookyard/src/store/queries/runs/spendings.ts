// What agents have cost, by day: small sums that caps are compared with, whatever becomes of the runs.
import type { Kysely, Transaction } from 'kysely'
import type { Database } from '../../schema.ts'
import type { Spending, SpendingScope } from '../../store.ts'

/** Adds to the run and to its day. */
export async function addSpending(trx: Transaction<Database>, spending: Spending): Promise<void> {
  const { runId, day, module, repository, user, usd } = spending
  await trx
    .updateTable('runs')
    .set((eb) => ({ cost_usd: eb('cost_usd', '+', usd) }))
    .where('id', '=', runId)
    .execute()
  await trx
    .insertInto('spendings')
    .values({ day, module, repository: repository ?? '', user_name: user ?? '', usd })
    .onConflict((conflict) =>
      conflict
        .columns(['day', 'module', 'repository', 'user_name'])
        .doUpdateSet((eb) => ({ usd: eb('spendings.usd', '+', eb.ref('excluded.usd')) })),
    )
    .execute()
}

/** The sum of a day; exported so that a test can ask for its plan. */
export function spentQuery(db: Kysely<Database>, day: string, { module, repository, user }: SpendingScope) {
  let query = db
    .selectFrom('spendings')
    .select((eb) => eb.fn.sum<number | null>('usd').as('usd'))
    .where('day', '=', day)
  if (module !== undefined) query = query.where('module', '=', module)
  if (repository !== undefined) query = query.where('repository', '=', repository)
  if (user !== undefined) query = query.where('user_name', '=', user)
  return query
}
