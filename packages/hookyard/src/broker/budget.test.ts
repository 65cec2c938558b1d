// A cap holds whatever runs side by side: money is set aside before it is spent, waited for while it is only set
// aside, and refused when it is gone.
import fc from 'fast-check'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { silentLog } from '../lib/log.ts'
import { openSqliteStore } from '../store/sqlite/open.ts'
import type { RunStore, Spending, SpendingScope, Store } from '../store/store.ts'
import { type BudgetQuestion, createBudget, type Grant } from './budget.ts'

const NOON = Date.parse('2026-11-22T12:00:00Z')
const account = { module: 'pr-review', repository: 'octocat/hello', user: null }
const all = (limitUsd: number) => ({ setting: 'budgets.per_day_usd', scope: {}, limitUsd })

const question = (more: Partial<BudgetQuestion> = {}): BudgetQuestion => ({
  ...{ runId: 'r1', account, days: [], run: null, runCostUsd: () => 0 },
  signal: new AbortController().signal,
  ...more,
})

describe('over the real store', () => {
  let folder: string
  let store: Store
  let now: number
  beforeEach(async () => {
    now = NOON
    folder = await mkdtemp(join(tmpdir(), 'hookyard-budget-'))
    store = await openSqliteStore({ file: join(folder, 'hookyard.db') })
  })
  afterEach(async () => {
    await store.close()
    await rm(folder, { recursive: true })
  })
  const open = (runs: Pick<RunStore, 'spend' | 'spent'> = store.runs) =>
    createBudget({ store: runs, clock: () => now, log: silentLog })
  const granted = async (budget: ReturnType<typeof open>, more: Partial<BudgetQuestion>): Promise<Grant> => {
    const seen = await budget.reserve(question(more))
    if ('spent' in seen) throw new Error(`refused: ${seen.spent.setting}`)
    return seen.grant
  }

  test('gives what the tightest cap leaves, and refuses with the cap that is spent', async () => {
    const budget = open()
    const days = [all(5), { setting: 'of the module', scope: { module: 'pr-review' }, limitUsd: 2 }]
    const first = await granted(budget, { days })
    expect(first).toMatchObject({ maxUsd: 2, tightest: { setting: 'of the module', day: '2026-11-22' } })
    expect(await first.end(1.5)).toBe(true)
    const second = await granted(budget, { days })
    expect(second.maxUsd).toBeCloseTo(0.5, 10)
    await second.end(0.6) // an answer may cost a little more than was thought
    expect(await budget.reserve(question({ days }))).toMatchObject({
      spent: { setting: 'of the module', limitUsd: 2, day: '2026-11-22' },
    })
  })

  test('what another scope spent counts for the whole, not for this one', async () => {
    const budget = open()
    const other = { module: 'triage', repository: 'octocat/other', user: 'bob' }
    await (await granted(budget, { account: other, days: [all(5)] })).end(3)
    const days = [
      all(5),
      { setting: 'of the module', scope: { module: 'pr-review' }, limitUsd: 4 },
      { setting: 'of the repository', scope: { repository: 'octocat/hello' }, limitUsd: 4 },
    ]
    expect((await granted(budget, { days })).maxUsd).toBeCloseTo(2, 10)
  })

  test('the sums outlive the process, and a new day begins at midnight in UTC', async () => {
    now = Date.parse('2026-11-22T23:59:00Z')
    await (await granted(open(), { days: [all(1)] })).end(1)
    const budget = open()
    expect(await budget.reserve(question({ days: [all(1)] }))).toHaveProperty('spent')
    now += 60_000
    expect((await granted(budget, { days: [all(1)] })).maxUsd).toBe(1)
  })

  test('an answer that comes after midnight is on the new day', async () => {
    now = Date.parse('2026-11-22T23:59:59Z')
    const grant = await granted(open(), { days: [all(1)] })
    now += 2_000
    await grant.end(0.25)
    expect(await store.runs.spent('2026-11-22', [{}])).toEqual([0])
    expect(await store.runs.spent('2026-11-23', [{}])).toEqual([0.25])
  })

  test('a second question waits while the first one holds the rest, and gets what it left', async () => {
    const budget = open()
    const first = await granted(budget, { days: [all(1)] })
    const second = granted(budget, { runId: 'r2', days: [all(1)] })
    const early = await Promise.race([second, new Promise((resolve) => setImmediate(resolve, 'waits'))])
    expect(early).toBe('waits')
    await first.end(0.25)
    expect((await second).maxUsd).toBeCloseTo(0.75, 10)
  })

  test('whoever waits hears of an abort', async () => {
    const budget = open()
    await granted(budget, { days: [all(1)] })
    const stop = new AbortController()
    const second = budget.reserve(question({ days: [all(1)], signal: stop.signal }))
    stop.abort(new Error('cancelled'))
    await expect(second).rejects.toThrow('cancelled')
  })

  test('the cap of a run counts all its attempts and its questions side by side', async () => {
    const budget = open()
    let cost = 0.75 // of earlier attempts
    const run = { setting: 'budgets.per_run_usd', limitUsd: 1 }
    const first = await granted(budget, { run, runCostUsd: () => cost })
    expect(first).toMatchObject({ maxUsd: 0.25, tightest: { setting: 'budgets.per_run_usd', day: null } })
    const second = budget.reserve(question({ run, runCostUsd: () => cost }))
    cost += 0.25
    await first.end(0.25)
    expect(await second).toMatchObject({ spent: { setting: 'budgets.per_run_usd', day: null } })
    expect((await granted(budget, { runId: 'r2', run })).maxUsd).toBe(1)
  })

  test('without any cap nothing is limited, and the cost is still written down', async () => {
    const grant = await granted(open(), {})
    expect(grant).toMatchObject({ maxUsd: null, tightest: null })
    await grant.end(7)
    expect(await store.runs.spent('2026-11-22', [{ module: 'pr-review' }])).toEqual([7])
  })

  test('a cap of zero lets nothing through', async () => {
    expect(await open().reserve(question({ days: [all(0)] }))).toHaveProperty('spent')
  })

  test('what the store cannot write counts nevertheless, and says so', async () => {
    const runs = { ...store.runs, spend: () => Promise.reject(new Error('disk full')) }
    const budget = open(runs)
    expect(await (await granted(budget, { days: [all(1)] })).end(0.75)).toBe(false)
    expect((await granted(budget, { days: [all(1)] })).maxUsd).toBeCloseTo(0.25, 10)
  })

  test('a store that cannot be read lets nobody spend, and the next one is not stuck behind it', async () => {
    let broken = true
    const spent: RunStore['spent'] = (day, of) =>
      broken ? Promise.reject(new Error('locked')) : store.runs.spent(day, of)
    const budget = open({ ...store.runs, spent })
    await expect(budget.reserve(question({ days: [all(1)] }))).rejects.toThrow('locked')
    broken = false
    expect((await granted(budget, { days: [all(1)] })).maxUsd).toBe(1)
  })
})

/** Sums in memory, answering when the scheduler lets it: any order in which a database may answer. */
function scheduledStore(scheduler: fc.Scheduler) {
  const written: Spending[] = []
  const matches = (one: Spending, { module, repository, user }: SpendingScope) =>
    (module === undefined || one.module === module) &&
    (repository === undefined || one.repository === repository) &&
    (user === undefined || one.user === user)
  const sum = (day: string, scope: SpendingScope) =>
    written.filter((one) => one.day === day && matches(one, scope)).reduce((total, { usd }) => total + usd, 0)
  const spend = scheduler.scheduleFunction(async (spending: Spending) => void written.push(spending))
  const spent = scheduler.scheduleFunction(async (day: string, of: readonly SpendingScope[]) =>
    of.map((scope) => sum(day, scope)),
  )
  return { written, sum, store: { spend, spent } as Pick<RunStore, 'spend' | 'spent'> }
}

test('in any order of events no cap is passed, nobody is left waiting, and only a spent cap refuses', async () => {
  const asking = fc.record({
    module: fc.constantFrom('pr-review', 'triage'),
    repository: fc.constantFrom('o/a', 'o/b', null),
    user: fc.constantFrom('alice', null),
    /** Of what it is granted. */
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  const caps = [
    { setting: 'all', scope: {}, limitUsd: 2 },
    { setting: 'module', scope: { module: 'pr-review' }, limitUsd: 1 },
    { setting: 'repository', scope: { repository: 'o/a' }, limitUsd: 0.75 },
    { setting: 'user', scope: { user: 'alice' }, limitUsd: 0.5 },
  ]
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(asking, { minLength: 1, maxLength: 12 }),
      async (scheduler, all) => {
        const { written, sum, store } = scheduledStore(scheduler)
        const budget = createBudget({ store, clock: () => NOON, log: silentLog })
        const refused: string[] = []
        const ask = async ({ share, ...mine }: (typeof all)[number], index: number) => {
          const days = caps.filter(({ scope }) =>
            Object.entries(scope).every(([key, value]) => mine[key as keyof typeof mine] === value),
          )
          const run = { setting: 'run', limitUsd: 0.4 }
          const seen = await budget.reserve(question({ runId: `r${index}`, account: mine, days, run }))
          if ('spent' in seen) return void refused.push(seen.spent.setting)
          const maxUsd = seen.grant.maxUsd ?? Number.NaN
          expect(maxUsd).toBeGreaterThan(0)
          await scheduler.schedule(Promise.resolve(), 'the model answers')
          await seen.grant.end(maxUsd * share)
        }
        const done = Promise.all(all.map(ask))
        await scheduler.waitFor(done)
        for (const { scope, limitUsd, setting } of caps) {
          const total = sum('2026-11-22', scope)
          expect(total).toBeLessThanOrEqual(limitUsd + 1e-9)
          if (refused.includes(setting)) expect(total).toBeGreaterThan(limitUsd - 0.001)
        }
        expect(written.length + refused.length).toBeLessThanOrEqual(all.length)
      },
    ),
    { numRuns: 300 },
  )
})
