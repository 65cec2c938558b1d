// How an attempt ends: what is written, who is told, and whether it is tried again.
import { expect, test } from 'vitest'
import { claimedRun, module } from '../../../../test/builders.ts'
import { PermanentError, RetryAfterError } from '../lib/errors.ts'
import { toPlainText } from '../send/message.ts'
import { toWire } from './protocol.ts'
import { type AttemptResult, type SettleInput, settleGone, settlementOf, withNextStep } from './settlement.ts'

const settle = (result: AttemptResult, more: Partial<SettleInput> = {}) =>
  settlementOf(result, {
    run: claimedRun(),
    module: module('pr-review', { retries: { max: 2, backoffMs: 10_000 } }),
    subject: { number: 1, title: 'A title', url: 'https://github.com/octocat/Hello-World/pull/1' },
    costUsd: 0.25,
    records: {},
    tainted: false,
    addressOf: (user) => (user === 'alice' ? 'telegram:1' : null),
    now: 1_000,
    random: () => 0.5,
    ...more,
  })
const returned = (outcome: unknown): AttemptResult => ({ kind: 'returned', outcome })
const texts = (result: ReturnType<typeof settle>) =>
  result.messages.map((message) => [message.address, toPlainText(message.message)])

test('done: the summary, the title and the URL go to every recipient, and the state is kept', () => {
  const result = settle(
    returned({ status: 'done', summary: '2 findings', details: { n: 2 }, state: { seen: 1 } }),
  )
  expect(result).toMatchObject({
    kind: 'finished',
    status: 'done',
    reason: null,
    summary: '2 findings',
    state: { seen: 1 },
    details: { n: 2 },
    costUsd: 0.25,
  })
  const text = '2 findings\n#1 A title\nhttps://github.com/octocat/Hello-World/pull/1'
  expect(texts(result)).toEqual([
    ['telegram:1', text],
    ['log:', text],
  ])
})

test('done without a state leaves the kept one alone', () => {
  expect(settle(returned({ status: 'done', summary: 'x' }))).not.toHaveProperty('state')
})

test('failed(summary) is final and its summary is the message', () => {
  const result = settle(returned({ status: 'failed', summary: 'GitHub refused' }))
  expect(result).toMatchObject({ kind: 'finished', status: 'failed', reason: 'declared' })
  expect(texts(result)[0]?.[1]).toMatch(/^GitHub refused\n/)
})

test('a run that ends without a reason of its own has one all the same', () => {
  expect(settle(returned({ status: 'skipped', reason: ' ' }))).toMatchObject({ reason: 'declared' })
  expect(settle(returned({ status: 'failed', summary: 'No.', reason: '' }))).toMatchObject({
    reason: 'declared',
  })
})

test('a run whose module is gone tells its people, for the module had taken the event', () => {
  const people = { addressOf: (user: string) => `telegram:${user}`, random: () => 0.5 }
  const gone = settleGone({ run: claimedRun({ recipients: ['alice'] }), ...people, now: 1_000 })
  expect(gone).toMatchObject({ status: 'failed', reason: 'unknown_module' })
  expect(texts(gone)).toEqual([
    [
      'telegram:alice',
      'pr-review failed on octocat/hello-world#1: the module pr-review is no longer installed (run run1)',
    ],
  ])
})

test.each(['skipped', 'failed'])(
  'the reason of %s is cut to 1,000 characters, whatever its length',
  (status) => {
    const reasonOf = (reason: string) => settle(returned({ status, summary: 'no', reason }))
    expect(reasonOf('r'.repeat(1_000))).toMatchObject({ status, reason: 'r'.repeat(1_000) })
    for (const length of [1_001, 1_000_000, 2_000_000]) {
      expect(reasonOf('r'.repeat(length))).toMatchObject({ status, reason: `${'r'.repeat(997)}...` })
    }
    expect(reasonOf('😀'.repeat(2_000))).toMatchObject({ reason: `${'😀'.repeat(997)}...` })
  },
)

test('skipped tells nobody', () => {
  expect(settle(returned({ status: 'skipped', reason: 'empty_diff' }))).toMatchObject({
    status: 'skipped',
    reason: 'empty_diff',
    messages: [],
  })
})

test.each([undefined, null, 42, 'done', {}, { status: 'ok' }, { status: 'done' }])(
  '%j is no outcome, and says what is expected',
  (value) => {
    const result = settle(returned(value))
    expect(result).toMatchObject({ kind: 'finished', status: 'failed', reason: 'invalid_outcome' })
    expect(result.error).toMatch(/expected done\(summary\)/)
  },
)

test('a throw is tried again, later each time, until the repeats are spent', () => {
  const threw: AttemptResult = { kind: 'threw', error: { name: 'Error', message: 'network' } }
  expect(settle(threw)).toMatchObject({ kind: 'again', runAt: 11_000, counted: true, messages: [] })
  expect(settle(threw, { run: claimedRun({ failures: 1 }) })).toMatchObject({ kind: 'again', runAt: 21_000 })
  const last = settle(threw, { run: claimedRun({ failures: 2 }) })
  expect(last).toMatchObject({ kind: 'finished', status: 'failed', reason: 'exhausted', error: 'network' })
  expect(texts(last)[0]?.[1]).toBe('pr-review failed on octocat/hello-world#1: network (run run1)')
})

test('the jitter stays within a quarter', () => {
  const threw: AttemptResult = { kind: 'threw', error: { name: 'Error', message: 'x' } }
  expect(settle(threw, { random: () => 0 })).toMatchObject({ runAt: 8_500 })
  expect(settle(threw, { random: () => 1 })).toMatchObject({ runAt: 13_500 })
})

test('a service that asks to be left alone is left alone for that long', () => {
  const threw: AttemptResult = {
    kind: 'threw',
    error: { name: 'RetryAfterError', message: 'limit', kind: 'retry_after', delayMs: 60_000 },
  }
  expect(settle(threw)).toMatchObject({ kind: 'again', runAt: 61_000 })
  expect(settle({ kind: 'threw', error: toWire(new RetryAfterError('limit', 90_000)) })).toMatchObject({
    kind: 'again',
    runAt: 91_000,
  })
})

test('a permanent error is final, with its reason', () => {
  const threw: AttemptResult = {
    kind: 'threw',
    error: { name: 'PermanentError', message: 'no grant', kind: 'permanent', reason: 'missing_grant' },
  }
  expect(settle(threw)).toMatchObject({ status: 'failed', reason: 'missing_grant', error: 'no grant' })
  expect(
    settle({ kind: 'threw', error: toWire(new PermanentError('gone', { reason: 'github_gone' })) }),
  ).toMatchObject({ reason: 'github_gone' })
})

test('a spent budget skips the run, and says so', () => {
  const result = settle({
    kind: 'threw',
    error: toWire(new PermanentError('1 USD is spent', { reason: 'budget' })),
  })
  expect(result).toMatchObject({ status: 'skipped', reason: 'budget' })
  expect(texts(result)[0]).toEqual([
    'telegram:1',
    'pr-review was skipped on octocat/hello-world#1: 1 USD is spent (run run1)',
  ])
  expect(result.messages).toHaveLength(2)
})

test('a cap per day that its people have heard of is not said again by each run; anything else is', () => {
  const refused = (reason: string) =>
    settle({ kind: 'threw', error: toWire(new PermanentError('no', { reason })) }, { told: true })
  expect(refused('budget')).toMatchObject({ status: 'skipped', reason: 'budget', messages: [] })
  expect(refused('agent_missing').messages).toHaveLength(2)
})

test('a process that died counts as a failed attempt', () => {
  expect(settle({ kind: 'died', how: 'was killed by SIGKILL' })).toMatchObject({
    kind: 'again',
    counted: true,
    error: 'the module process was killed by SIGKILL',
  })
})

test.each([
  [
    { kind: 'timeout', afterMs: 600_000 },
    { kind: 'finished', status: 'failed', reason: 'timeout' },
  ],
  [{ kind: 'superseded' }, { kind: 'finished', status: 'skipped', reason: 'superseded', messages: [] }],
  [
    { kind: 'cancelled', reason: 'cancel_on:closed' },
    { kind: 'finished', status: 'cancelled', reason: 'cancel_on:closed', messages: [] },
  ],
  [{ kind: 'shutdown' }, { kind: 'again', runAt: 1_000, counted: false, messages: [] }],
  [
    { kind: 'store_failed', message: 'no room' },
    { kind: 'again', runAt: 3_000, counted: false, error: 'no room', messages: [] },
  ],
] as const)('%j ends as it should', (by, expected) => {
  expect(settle({ kind: 'interrupted', by })).toMatchObject(expected)
})

test('what the module recorded joins its details', () => {
  expect(
    settle(returned({ status: 'done', summary: 'x', details: { a: 1 } }), { records: { b: 2 } }),
  ).toMatchObject({ details: { a: 1, b: 2 } })
  expect(
    settle(returned({ status: 'done', summary: 'x', details: 'text' }), { records: { b: 2 } }),
  ).toMatchObject({ details: { value: 'text', b: 2 } })
})

test('long names do not push the next step out of the message', () => {
  const repository = `${'o'.repeat(39)}/${'r'.repeat(100)}`
  const error = `GitHub answered 404 to GET /repos/${repository} (${repository}): give the token access to ${repository}`
  expect(withNextStep(error, 'github_not_found')).toBe(error)
})

test.each([
  [
    'agent_malformed',
    'The answer does not fit:\n- /a is missing',
    'The answer does not fit: - /a is missing. Start the run',
  ],
  ['github_limited', 'The limit is used up for 20 s.', 'The limit is used up for 20 s. Start the run'],
  ['exhausted', 'attempt 3', 'attempt 3'],
  ['constructor', 'attempt 3', 'attempt 3'],
])('a message with the reason %s', (reason, error, told) =>
  expect(withNextStep(error, reason).startsWith(told)).toBe(true),
)
