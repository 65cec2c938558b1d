// Once an hour, by one process, and never in the way: a store that cannot be asked is asked again.
import { expect, test } from 'vitest'
import { silentLog } from '../lib/log.ts'
import type { Swept } from '../store/store.ts'
import { createRetention } from './retention.ts'

const DAY = 86_400_000
const NOW = 100 * DAY

function open(answers: {
  readonly deliveries?: Swept<number>[]
  readonly unwritten?: number
  readonly lease?: boolean
}) {
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
      async runs(before: number, after: string, _limit: number, unwrittenBefore: number) {
        asked.push(['runs', before, after], ['unwritten', unwrittenBefore, after])
        return { ...nothing, unwritten: answers.unwritten ?? 0 }
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
  const warnings: [message: string, fields: unknown][] = []
  const log = {
    ...silentLog,
    error: (_fields: unknown, message: string) => void errors.push(message),
    warn: (fields: unknown, message: string) => void warnings.push([message, fields]),
  }
  const periods = () => ({ deliveriesMs: 30 * DAY, runsMs: 90 * DAY })
  const retention = createRetention({ store, periods, owner: 'me', clock: () => NOW, log })
  return { retention, asked, released, errors, warnings, store }
}

test('each kind is walked to its end, by its own period, and the lease is left to others', async () => {
  const { retention, asked, released } = open({ deliveries: [{ gone: 5, next: 7 }] })
  await retention.sweep()
  expect(asked).toEqual([
    ['deliveries', 70 * DAY, 0],
    ['deliveries', 70 * DAY, 7],
    ['runs', 10 * DAY, ''],
    ['unwritten', -80 * DAY, ''],
    ['messages', 10 * DAY, 0],
  ])
  expect(released).toEqual(['retention'])
})

test('rows behind young ones are looked at, and the next sweep goes on where this one stopped', async () => {
  // Ids grow by one a piece; nothing is old enough but at the beginning and far behind.
  const young = (id: number) => ({ gone: 0, next: id })
  const { retention, asked, store } = open({})
  const FAR = 700
  let end = Number.POSITIVE_INFINITY
  store.retention.deliveries = async (_before, after) => {
    asked.push(['deliveries', 0, after])
    if (after >= end) return { gone: 0, next: null }
    return after === 0 || after === FAR ? { gone: 1, next: after + 1 } : young(after + 1)
  }
  const looked = async () => {
    asked.length = 0
    await retention.sweep()
    return asked.flatMap(([kind, , after]) => (kind === 'deliveries' ? [Number(after)] : []))
  }
  const first = await looked()
  expect([first.length, first.at(-1)]).toEqual([501, 500])
  const second = await looked()
  expect(second.slice(0, 3)).toEqual([0, 1, 501])
  expect(second).toContain(FAR)
  end = 1_100
  await looked()
  expect((await looked()).slice(0, 3)).toEqual([0, 1, 2])
})

test('runs that go without their journal file are told', async () => {
  const { retention, warnings } = open({ unwritten: 3 })
  await retention.sweep()
  expect(warnings).toEqual([
    ['runs were deleted whose journal files could not be written all the time', { runs: 3 }],
  ])
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
