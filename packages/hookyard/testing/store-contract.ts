// The port's contract as tests, to be run over every adapter: what the stages rely on, on a real database.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { acceptingContract } from './store-contract/accepting.ts'
import { askingContract } from './store-contract/asking.ts'
import { claimedIds, newDelivery, newMessage, newRun, REVIEW } from './store-contract/builders.ts'
import { chattingContract } from './store-contract/chatting.ts'
import { committingContract } from './store-contract/committing.ts'
import { cooldownContract } from './store-contract/cooldowns.ts'
import { keepingContract } from './store-contract/keeping.ts'
import { lookingContract } from './store-contract/looking.ts'
import { modelContract } from './store-contract/model.ts'
import { replacingContract } from './store-contract/replacing.ts'
import { runningContract } from './store-contract/running.ts'
import { schedulingContract } from './store-contract/scheduling.ts'
import { sendingContract } from './store-contract/sending.ts'
import { showingContract } from './store-contract/showing.ts'
import { spendingContract } from './store-contract/spending.ts'
import type { Store } from '../src/store/store.ts'

/** A database for one suite. */
export interface TestDatabase {
  /** Opens it; a second time only after the store has been closed. */
  open(): Promise<Store>
  /** Deletes all rows, and counts ids from 1 again, while the store is open. */
  empty(): Promise<void>
  remove(): Promise<void>
}

/** The suite for one adapter; `create` makes a fresh, empty database. */
export function storeContract(name: string, create: () => Promise<TestDatabase>): void {
  describe(`the store: ${name}`, () => {
    let database: TestDatabase
    let store: Store
    const use = () => store

    beforeAll(async () => {
      database = await create()
      store = await database.open()
    })

    beforeEach(() => database.empty())

    afterAll(async () => {
      await store.close()
      await database.remove()
    })

    acceptingContract(use)
    committingContract(use)
    runningContract(use)
    askingContract(use)
    schedulingContract(use)
    cooldownContract(use)
    replacingContract(use)
    showingContract(use)
    spendingContract(use)
    lookingContract(use)
    sendingContract(use)
    chattingContract(use)
    keepingContract(use)
    modelContract(use)

    test('everything is there after closing and opening again', async () => {
      await store.deliveries.accept([newDelivery('a')])
      await store.runs.create(newRun('r1', { cooldownMs: 5_000 }))
      await store.runs.create(newRun('w', { waiting: true }))
      await store.runs.create(newRun('claimed', { entity: 'o/r#1' }))
      await store.outbox.add([newMessage('m')])
      expect(await claimedIds(store, 1_000, 1)).toEqual(['claimed'])
      await store.close()
      store = await database.open()
      await store.ping()
      expect(await store.deliveries.accept([newDelivery('a')])).toEqual([{ status: 'duplicate' }])
      expect(await store.deliveries.entityStates([REVIEW])).toMatchObject([
        { windowUntil: 6_000, waiting: { id: 'w' }, unfinished: ['r1'] },
      ])
      expect(await store.outbox.due(1_000, 10)).toHaveLength(1)
      expect(await store.runs.reclaim(2_000, true)).toEqual(['claimed'])
      expect(await store.runs.get('claimed')).toMatchObject({
        status: 'queued',
        attempts: [{ status: 'lost' }],
      })
    })

    test('a closed store says so', async () => {
      const closing = store.close()
      await expect(store.ping()).rejects.toMatchObject({ code: 'closed' })
      await closing
      await expect(store.deliveries.accept([newDelivery('a')])).rejects.toMatchObject({ code: 'closed' })
      store = await database.open()
      expect(await store.deliveries.get('a')).toBeNull()
    })
  })
}
