// A program for owner.test.ts: accepts deliveries one batch after the other, and prints the GUIDs of each
// batch once the store has answered it.
import { openSqliteStore } from '../../src/store/sqlite/open.ts'

const [file = ''] = process.argv.slice(2)
const store = await openSqliteStore({ file })
for (let first = 0; ; first += 10) {
  const batch = Array.from({ length: 10 }, (_, n) => {
    const guid = `d-${first + n}`
    const body = Buffer.from(JSON.stringify({ guid, noise: String(Math.random()).repeat(100) }))
    const about = { hookId: null, event: 'push', action: null, repository: null, entity: '-', receivedAt: 1 }
    return { guid, body, ...about }
  })
  await store.deliveries.accept(batch)
  process.stdout.write(batch.map((delivery) => `${delivery.guid}\n`).join(''))
}
