// A program for the drill of the store's threads: opens stores, lets them work, closes some, and exits in the middle.
import { join } from 'node:path'
import { newDelivery } from '../store-contract/builders.ts'
import { backupDatabase } from '../../src/store/sqlite/backup.ts'
import { openSqliteStore } from '../../src/store/sqlite/open.ts'

const [folder = '', count = '1', exitAfterMs = '0'] = process.argv.slice(2)
setTimeout(() => process.exit(0), Number(exitAfterMs))

async function work(number: number): Promise<void> {
  const file = join(folder, `${number}.db`)
  const store = await openSqliteStore({ file })
  for (let round = 0; round < 1 + number * 4; round += 1) {
    await store.deliveries.accept([newDelivery(`d-${round}`)])
    await store.deliveries.pending(20)
    if (round === 1) void backupDatabase(file, `${file}.copy`).catch(() => undefined)
  }
  await store.close()
}

for (;;) await Promise.all(Array.from({ length: Number(count) }, (_, number) => work(number)))
