// /review and its words: a review now, or the reviews of pushes switched off and on.
import { expect, test } from 'vitest'
import { run } from './testing/opened.ts'

const commanded = (args: string, state?: unknown) => run({ command: { args }, state })

test('/review pause and /review resume switch the reviews of pushes, and ask nobody', async () => {
  const kept = { findings: [], commented: true, head: 'x', requested: false }
  const paused = await commanded('pause', kept)
  expect(paused.outcome).toMatchObject({ status: 'done', state: { ...kept, paused: true } })
  expect(paused.messages[0]).toMatch(/^Reviews of PR #42 in octocat\/Hello-World are paused/)
  const resumed = await commanded(' RESUME ', { ...kept, paused: true })
  expect(resumed.outcome).toMatchObject({ status: 'done', state: { ...kept, paused: false } })
  expect([paused.effects, resumed.effects]).toEqual([[], []])
})

test('/review reviews now, paused or not, and stays paused', async () => {
  const { outcome, effects } = await commanded('', { paused: true })
  expect(outcome).toMatchObject({ status: 'done', state: { paused: true } })
  expect(effects).not.toEqual([])
})

test('another word is answered with the ones that are known', async () => {
  expect((await commanded('everything!')).outcome).toMatchObject({
    ...{ status: 'failed', reason: 'unknown_argument' },
    summary: expect.stringContaining('/review, /review pause or /review resume'),
  })
})
