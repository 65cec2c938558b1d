// Once an hour, by one process, and never in the way: a store that cannot be asked is asked again.
import { expect, test } from 'vitest'
import { silentLog } from '../lib/log.ts'
import type { Swept } from '../store/store.ts'
import { createRetention } from './retention.ts'

const DAY = 86_400_000
const NOW = 100 * DAY

function open(answers: { readonly deliveries?: Swept<number>[]; readonly lease?: boolean }) {
  const asked: [kind: string, before: number, after: unknown][] = []
  const released: string[] = []
  const deliveries = [...(answers.deliveries ?? [])]
  const nothing = { gone: 0, next: null }
  const store = {
    retention: {
      async deliveries(before: number, after: number) {
        asked.push(['deliveries', before, after])
        return deliveries.shift() ?? nothing
      },
      async runs(before: number, after: string) {
        asked.push(['runs', before, after])
        return nothing
      },
      async messages(before: number, after: number) {
        asked.push(['messages', before, after])
        return nothing
      },
    },
    leases: {
      take: async () => answers.lease ?? true,
      release: async (name: string) => void released.push(name),
    },
  }
  const errors: string[] = []
  const log = { ...silentLog, error: (_fields: unknown, message: string) => void errors.push(message) }
  const periods = () => ({ deliveriesMs: 30 * DAY, runsMs: 90 * DAY })
  const retention = createRetention({ store, periods, owner: 'me', clock: () => NOW, log })
  return { retention, asked, released, errors, store }
}

test('each kind is walked to its end, by its own period, and the lease is left to others', async () => {
  const { retention, asked, released } = open({ deliveries: [{ gone: 5, next: 7 }] })
  await retention.sweep()
  expect(asked).toEqual([
    ['deliveries', 70 * DAY, 0],
    ['deliveries', 70 * DAY, 7],
    ['runs', 10 * DAY, ''],
    ['messages', 10 * DAY, 0],
  ])
  expect(released).toEqual(['retention'])
})

test('while another process holds the lease nothing is deleted', async () => {
  const { retention, asked } = open({ lease: false })
  await retention.sweep()
  expect(asked).toEqual([])
})

test('a store that does not answer is said, and nothing breaks', async () => {
  const { retention, errors, store } = open({})
  store.retention.runs = () => Promise.reject(new Error('no disk'))
  await retention.sweep()
  expect(errors).toEqual(['old rows could not be deleted; tried again in an hour'])
})

test('stopping waits for the piece under way and takes no further one', async () => {
  const { retention, asked, store } = open({})
  let answer = (_swept: Swept<number>): void => undefined
  store.retention.deliveries = () => new Promise((resolve) => (answer = resolve))
  retention.start()
  await Promise.resolve().then(() => undefined)
  const stopped = retention.stop()
  answer({ gone: 1, next: 9 })
  await stopped
  expect(asked).toEqual([])
})
