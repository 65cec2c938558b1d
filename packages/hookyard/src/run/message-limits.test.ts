// The limits of what a module says, looked at as text.
import { expect, test } from 'vitest'
import { excessOf } from './message-limits.ts'

const nest = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
const outcome = (details: string) =>
  `{"t":"outcome","nonce":"n-1","outcome":{"status":"done","details":${details}}}`

test('64 levels go, and one more is said with the limit', () => {
  expect(excessOf(outcome(nest(64)))).toBeNull()
  expect(excessOf(outcome(nest(65)))).toEqual({
    nonce: 'n-1',
    reason: 'invalid_outcome',
    says: "the module's outcome is nested deeper than 64 levels",
  })
})

test.each([4_000, 50_000, 1_000_000])('%d levels are seen without a stack', (levels) => {
  for (const [t, reason] of [
    ['outcome', 'invalid_outcome'],
    ['threw', 'invalid_outcome'],
    ['log', 'over_limit'],
    ['call', 'over_limit'],
  ])
    expect(excessOf(`{"t":"${t}","nonce":"n","x":${nest(levels)}}`)).toMatchObject({ nonce: 'n', reason })
  expect(excessOf('{"a":'.repeat(levels))).toMatchObject({ nonce: '' })
})

test('brackets within texts do not count, whatever stands before the quotes', () => {
  const text = JSON.stringify(`${'['.repeat(500)}\\"${'{'.repeat(500)}\\\\`)
  expect(excessOf(outcome(`[${text},${text},"\\\\"]`))).toBeNull()
  expect(excessOf(outcome(`["\\\\",${nest(65)}]`))).toMatchObject({ reason: 'invalid_outcome' })
  expect(excessOf(`{"t":"log","nonce":"n","text":"${'\\'.repeat(200)}`)).toBeNull()
})

test('an outcome has at most 1 MiB, in bytes; what is asked of an agent may be longer', () => {
  const rest = '{"status":"done","details":""}'.length
  expect(excessOf(outcome(`"${'x'.repeat(1_048_576 - rest)}"`))).toBeNull()
  expect(excessOf(outcome(`"${'x'.repeat(1_048_577 - rest)}"`))).toMatchObject({
    reason: 'invalid_outcome',
    says: "the module's outcome has 1048577 bytes of JSON; at most 1048576 go",
  })
  expect(excessOf(outcome(`"${'€'.repeat(400_000)}"`))).toMatchObject({ reason: 'invalid_outcome' })
  expect(excessOf(`{"t":"log","nonce":"n","message":"${'x'.repeat(1_100_000)}"}`)).toMatchObject({
    reason: 'over_limit',
  })
  expect(excessOf(`{"t":"call","nonce":"n","params":"${'x'.repeat(5_000_000)}"}`)).toBeNull()
})
