// The rules are right nearly always: over changes with known findings, real left-overs and look-alikes alike.
// HOOKYARD_FIGURES=1 prints how often.
import { expect, test } from 'vitest'
import { reviewByRules } from './offline-review.ts'
import { loadSeeds } from '../../../testing/broker/agent/seeds.ts'

const KINDS: readonly (readonly [RegExp, string])[] = [
  [/conflict/, 'conflict'],
  [/looks like/, 'secret'],
  [/direction/, 'direction'],
  [/^(?:eval|new Function)$/, 'eval'],
  [/shell/, 'shell'],
  [/^Loading/, 'load'],
  [/HTML/, 'html'],
  [/Certificates/, 'tls'],
  [/debugger stop/, 'stop'],
  [/Only this test/, 'focus'],
  [/print/, 'print'],
]

/** `path:line kind` of every line that a review points at, those that it names on the side included. */
async function pointsOf(diff: string): Promise<string[]> {
  const { findings } = await reviewByRules(diff)
  return findings.flatMap(({ file, line, title, why }) => {
    const kind = KINDS.find(([pattern]) => pattern.test(title))?.[1] ?? title
    const also = / Also on lines? ([\d, ]+)/.exec(why)?.[1]?.match(/\d+/g) ?? []
    return [line, ...also.map(Number)].map((at) => `${file}:${at} ${kind}`)
  })
}

const seeds = loadSeeds()

test('there are at least fifty changes, with and without something to find', () => {
  expect(seeds.length).toBeGreaterThanOrEqual(50)
  expect(seeds.filter(({ diff }) => !diff.startsWith('diff --git '))).toEqual([])
  expect(seeds.filter(({ expected }) => expected.length > 0).length).toBeGreaterThanOrEqual(25)
  expect(seeds.filter(({ expected }) => expected.length === 0).length).toBeGreaterThanOrEqual(20)
})

test('nine of ten findings are right, and more than eight of ten things are found', async () => {
  let [right, wrong, missed] = [0, 0, 0]
  const notes: string[] = []
  for (const { name, diff, expected, beyond } of seeds) {
    const [found, wanted] = [await pointsOf(diff), [...expected, ...beyond]]
    const extra = found.filter((point) => !wanted.includes(point))
    const lacking = wanted.filter((point) => !found.includes(point))
    right += found.length - extra.length
    wrong += extra.length
    missed += lacking.length
    notes.push(...extra.map((point) => `${name}: wrong ${point}`))
    notes.push(...lacking.map((point) => `${name}: missed ${point}`))
  }
  if (process.env['HOOKYARD_FIGURES'])
    console.log(
      `${seeds.length} changes: ${right} right, ${wrong} wrong, ${missed} missed: precision ${(right / (right + wrong)).toFixed(3)}, recall ${(right / (right + missed)).toFixed(3)}`,
    )
  expect(right).toBeGreaterThanOrEqual(50)
  expect.soft(right / (right + wrong), notes.join('\n')).toBeGreaterThanOrEqual(0.9)
  expect.soft(right / (right + missed), notes.join('\n')).toBeGreaterThanOrEqual(0.8)
})

test.each(seeds.map((seed) => [seed.name, seed] as const))('%s', async (_name, { diff, expected }) => {
  expect((await pointsOf(diff)).sort()).toEqual([...expected].sort())
})
