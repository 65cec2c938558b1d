// A handler that pauses: its question goes to every recipient, and what it recorded stands until the run ends.
import { expect, test } from 'vitest'
import { claimedRun, module } from '../../../../test/builders.ts'
import { toPlainText } from '../send/message.ts'
import type { ClaimedRun, Question } from '../store/store.ts'
import { createRedactor } from '../lib/redactor.ts'
import { type SettleInput, saidWithoutSecrets, settlementOf, withoutSecrets } from './settlement.ts'

const run = (more: Partial<ClaimedRun> = {}): ClaimedRun =>
  claimedRun({
    module: 'releaser',
    trigger: {
      type: 'webhook',
      event: 'release',
      action: null,
      by: 'octocat',
      at: '2026-11-22T09:00:00.000Z',
    },
    attempt: 3,
    ...more,
  })

const settle = (outcome: unknown, more: Partial<SettleInput> = {}) =>
  settlementOf(
    { kind: 'returned', outcome },
    {
      run: run(),
      module: module('releaser'),
      subject: null,
      costUsd: 0.25,
      records: {},
      tainted: false,
      addressOf: (user) => `telegram:${user}`,
      now: 1_000,
      random: () => 0.5,
      ...more,
    },
  )

const asking = {
  status: 'paused',
  question: 'Ship it?',
  options: ['yes', 'no'],
  expires: 60,
  state: { step: 2 },
}

test('the question is kept, and goes to every recipient with its buttons', () => {
  const settlement = settle(asking)
  expect(settlement).toMatchObject({
    kind: 'paused',
    attempt: 3,
    costUsd: 0.25,
    question: { text: 'Ship it?', askedAt: 1_000, expiresAt: 61_000, state: { step: 2 } },
  })
  expect(settlement.messages.map(({ address, dedupeKey }) => [address, dedupeKey])).toEqual([
    ['telegram:alice', 'run:run1:3:telegram:alice'],
    ['telegram:bob', 'run:run1:3:telegram:bob'],
  ])
  expect(settlement.messages[0]?.message.buttons?.[0]?.[0]?.data).toBe('answer:run1:1:0')
})

test('the second question’s buttons are the second question’s', () => {
  const questions = [{ ordinal: 1 } as Question]
  const { messages } = settle(asking, { run: run({ questions }) })
  expect(messages[0]?.message.buttons?.[0]?.[1]?.data).toBe('answer:run1:2:1')
})

test('a question that nobody could answer ends the run, and says what is wrong with it', () => {
  expect(settle({ ...asking, default: 'perhaps' })).toMatchObject({
    kind: 'finished',
    status: 'failed',
    reason: 'invalid_outcome',
    error: 'paused(question, …): the default "perhaps" is none of the options yes, no',
  })
})

test('a question leaves without the service’s secrets: as it is stored, as it is sent, and on its buttons', () => {
  const secret = 'ghp_"0123456789"'
  const asked = settle({
    ...asking,
    question: `Use ${secret}?`,
    options: ['yes', { value: `with ${secret}`, label: `Yes, ${secret}` }],
    default: `with ${secret}`,
    state: { secret },
  })
  const safe = withoutSecrets(asked, createRedactor([secret]))
  expect(safe).toMatchObject({
    question: {
      text: 'Use [redacted]?',
      options: [
        { value: 'yes', label: 'yes' },
        { value: 'with [redacted]', label: 'Yes, [redacted]' },
      ],
      fallback: 'with [redacted]',
      expiresAt: 61_000,
      state: { secret },
    },
  })
  expect(JSON.stringify(safe.messages)).not.toContain('0123456789')
  expect(safe.messages[0]?.message.buttons?.flat()[1]?.text).toBe('Yes, [redacted]')
})

test('a secret that would be cut leaves no part of itself', () => {
  const secret = 'ghp_0123456789abcdefghij'
  const redact = createRedactor([secret])
  const outcome = { ...asking, options: ['yes', `${'x'.repeat(50)} ${secret}`], state: { secret } }
  const result = saidWithoutSecrets({ kind: 'returned', outcome }, redact)
  const settlement = withoutSecrets(settle(result.kind === 'returned' ? result.outcome : null), redact)
  expect(JSON.stringify(settlement.messages)).not.toContain('ghp_')
  expect(settlement).toMatchObject({ question: { state: { secret } } })
})

test('a handler that only ever asks is ended', () => {
  const questions = Array.from({ length: 50 }, (_, n) => ({ ordinal: n + 1 }) as Question)
  expect(settle(asking, { run: run({ questions }) })).toMatchObject({
    kind: 'finished',
    reason: 'too_many_questions',
  })
})

test('what was recorded before the question joins what is said at the end', () => {
  expect(settle(asking, { records: { looked: 1 } })).toMatchObject({ details: { looked: 1 } })
  const resumed = { run: run({ details: { looked: 1, step: 'asked' } }), records: { merged: true } }
  expect(settle({ status: 'done', summary: 'x', details: { step: 'done' } }, resumed)).toMatchObject({
    details: { looked: 1, step: 'done', merged: true },
  })
})

test('a scheduled run that is late says so with its result, one in time does not', () => {
  const scheduled = (late_by_seconds: number) => ({
    run: run({ trigger: { ...run().trigger, type: 'schedule', data: { late_by_seconds } } }),
  })
  const text = (late: number) =>
    toPlainText(settle({ status: 'done', summary: 'swept' }, scheduled(late)).messages[0]!.message).split(
      '\n',
    )[1]
  expect(text(18_000)).toBe('(late by 5h: it was planned for 2026-11-22 09:00 UTC)')
  expect(text(59)).toBe('octocat/hello-world#1')
})
