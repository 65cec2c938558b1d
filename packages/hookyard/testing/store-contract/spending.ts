// Money: what an answer cost is on its run and in its day's sums at once, and stays there.
import { describe, expect, test } from 'vitest'
import type { Spending } from '../../src/store/store.ts'
import { again, claim, finished, newRun, type UseStore } from './builders.ts'

const TODAY = '2026-11-22'

const spending = (usd: number, about: Partial<Spending> = {}): Spending => ({
  ...{ runId: 'r1', module: 'pr-review', repository: 'octocat/hello-world', user: null, day: TODAY },
  usd,
  ...about,
})

/** The contract of `runs.spend` and `spent`. */
export function spendingContract(use: UseStore): void {
  describe('spending', () => {
    test('sums a day by module, repository and user, and nothing of another day', async () => {
      const { runs } = use()
      await runs.spend(spending(0.5))
      await runs.spend(spending(0.25))
      await runs.spend(spending(1, { module: 'issue-triage', user: 'alice' }))
      await runs.spend(spending(2, { repository: 'octocat/other', user: 'alice' }))
      await runs.spend(spending(4, { repository: null, user: 'bob' }))
      await runs.spend(spending(8, { day: '2026-11-21' }))
      expect(
        await runs.spent(TODAY, [
          {},
          { module: 'pr-review' },
          { module: 'pr-review', repository: 'octocat/hello-world' },
          { repository: 'octocat/hello-world' },
          { user: 'alice' },
          { user: 'alice', repository: 'octocat/other' },
          { user: 'nobody' },
        ]),
      ).toEqual([7.75, 6.75, 0.75, 1.75, 3, 2, 0])
      expect(await runs.spent('2026-11-21', [{}])).toEqual([8])
      expect(await runs.spent('2026-11-23', [{}, {}])).toEqual([0, 0])
    })

    test('adds to the run while it runs, over all its attempts, and what settle tells comes on top', async () => {
      const store = use()
      await store.runs.create(newRun('r1'))
      await claim(store, 1_000)
      await store.runs.spend(spending(0.5))
      expect(await store.runs.get('r1')).toMatchObject({ status: 'running', costUsd: 0.5 })
      await store.runs.settle('me', again('r1', { costUsd: 0 }))
      expect((await claim(store, 12_000))[0]).toMatchObject({ attempt: 2, costUsd: 0.5 })
      await store.runs.spend(spending(0.25))
      await store.runs.settle('me', finished('r1', { attempt: 2, costUsd: 0.125 }))
      expect(await store.runs.get('r1')).toMatchObject({ status: 'done', costUsd: 0.875 })
    })

    test('what was spent stays spent when the service dies with the run', async () => {
      const store = use()
      await store.runs.create(newRun('r1'))
      await claim(store, 1_000)
      await store.runs.spend(spending(0.5))
      expect(await store.runs.reclaim(2_000, true)).toEqual(['r1'])
      expect(await store.runs.get('r1')).toMatchObject({ status: 'queued', costUsd: 0.5 })
      expect(await store.runs.spent(TODAY, [{}])).toEqual([0.5])
    })
  })
}
