// One message to one channel of Slack: what it answers decides between sent, again and refused; outside text stays
// text; and the URL, which is a secret, is never told.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Fault } from '@hookyard/standins/faults'
import { readBlocks, readText } from '../../../../test/standins/slack/blocks.ts'
import { textLines, toPlainText } from './message.ts'
import type { Message } from './message.ts'
import { createSlackSender, toSlack } from './slack.ts'
import { recordingLog } from '../../testing/send/bench.ts'
import { hostileParts, openSlack } from '../../testing/send/standins.ts'

const message: Message = {
  lines: [
    [{ bold: 'PR #1 <opened>' }, ' in ', { code: 'octo/cat' }],
    [{ link: 'https://x.example/compare', text: 'Compare' }],
    ['https://github.com/octo/cat/pull/1'],
  ],
}

async function bench(options: Partial<Parameters<typeof createSlackSender>[0]> = {}) {
  const slack = await openSlack()
  const logged: string[] = []
  const sender = createSlackSender({ log: recordingLog(logged), ...options })
  return { slack, sender, logged, send: (of = message) => sender.send(`slack:${slack.webhook}`, of) }
}

test('a message is shown as it was meant', async () => {
  const { slack, send } = await bench()
  expect(await send()).toEqual({ status: 'sent' })
  expect(slack.messages[0]).toMatchObject({
    shown: 'PR #1 <opened> in octo/cat\nCompare\nhttps://github.com/octo/cat/pull/1',
    marks: [
      { kind: 'bold', text: 'PR #1 <opened>' },
      { kind: 'code', text: 'octo/cat' },
      { kind: 'link', text: 'Compare', url: 'https://x.example/compare' },
      { kind: 'link', url: 'https://github.com/octo/cat/pull/1' },
    ],
  })
  expect(slack.messages[0]?.payload['text']).toBe(
    'PR #1 &lt;opened&gt; in octo/cat\nCompare: https://x.example/compare\nhttps://github.com/octo/cat/pull/1',
  )
})

test('outside text formats nothing, links nothing and mentions nobody', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...hostileParts), { minLength: 1, maxLength: 30 }), (parts) => {
      const text = parts.join('')
      const rendered = toSlack({ lines: textLines(text) })
      if (rendered === null) return text.trim() === ''
      const shown = readBlocks({ ...rendered })
      if (typeof shown === 'string') throw new Error(`refused: ${shown}`)
      expect(shown.shown).toBe(text.toWellFormed())
      for (const mark of shown.marks) expect(mark).toEqual({ kind: 'link', text: mark.url, url: mark.url })
      const plain = readText({ text: rendered.text })
      if (typeof plain === 'string') throw new Error(`refused: ${plain}`)
      expect(plain.marks.filter(({ kind }) => kind === 'mention' || kind === 'link')).toEqual([])
      return true
    }),
  )
})

test('a message of any length fits, and keeps its beginning and its tail', () => {
  const words = fc.array(fc.string({ minLength: 0, maxLength: 2_000, unit: 'grapheme' }), { maxLength: 40 })
  fc.assert(
    fc.property(words, (lines) => {
      const given: Message = { lines: [['begin'], ...lines.map((line) => [line]), ['the end']], tail: 1 }
      const rendered = toSlack(given)
      const shown = rendered && readBlocks({ ...rendered })
      if (!shown || typeof shown === 'string') throw new Error(`refused: ${String(shown)}`)
      expect(shown.shown.startsWith('begin')).toBe(true)
      expect(shown.shown.endsWith('the end')).toBe(true)
    }),
    { numRuns: 50 },
  )
})

test('a line longer than a block takes goes on in the next one, whole', async () => {
  const { slack, send } = await bench()
  const long = '😀'.repeat(4_000)
  expect(await send({ lines: [[{ bold: long }], ['after']] })).toEqual({ status: 'sent' })
  const blocks = slack.messages[0]?.payload['blocks'] as unknown[]
  expect(blocks.length).toBe(3)
  expect(slack.messages[0]?.shown.replaceAll('\n', '')).toBe(`${long}after`)
})

test('blocks that are refused go out as plain text, and the log says so', async () => {
  const { slack, send, logged } = await bench()
  slack.failNext({ status: 400, body: 'invalid_blocks' })
  expect(await send()).toEqual({ status: 'sent' })
  expect(slack.messages[0]?.payload).not.toHaveProperty('blocks')
  expect(slack.messages[0]?.shown).toContain('PR #1 <opened>')
  expect(logged).toEqual([expect.stringContaining('"code":"invalid_blocks"')])
})

test('plain text refused as well is a refusal, not a third try', async () => {
  const { slack, send } = await bench()
  slack.failNext({ status: 400, body: 'invalid_payload', times: 5 })
  expect(await send()).toEqual({ status: 'refused', error: 'Slack refused it (400: invalid_payload)' })
  expect(slack.answers).toEqual([400, 400])
})

test.each<[string, Fault, string, number | null]>([
  ['429', { status: 429, headers: { 'retry-after': '7' }, body: 'rate_limited' }, 'again', 7_000],
  ['429 for a year', { status: 429, headers: { 'retry-after': '31536000' } }, 'again', 3_600_000],
  ['429 without a time', { status: 429 }, 'again', null],
  ['500', { status: 500, body: 'rollup_error' }, 'again', null],
  ['a connection cut', { dropConnection: true }, 'again', null],
  ['an answer that was lost', { dropConnection: true, afterEffect: true }, 'again', null],
  ['403', { status: 403, body: 'action_prohibited' }, 'refused', null],
  ['a redirect', { status: 302, headers: { location: 'https://evil.example/' } }, 'refused', null],
])('%s', async (_name, fault, status, afterMs) => {
  const { slack, send } = await bench()
  slack.failNext(fault)
  const result = await send()
  expect(result).toMatchObject(status === 'again' ? { status, afterMs } : { status })
  expect(JSON.stringify(result)).not.toContain('standinSecret')
})

test('a channel that is archived and a webhook that is gone are refusals with their names', async () => {
  const { slack, send } = await bench()
  slack.archive()
  expect(await send()).toEqual({ status: 'refused', error: 'Slack refused it (410: channel_is_archived)' })
  slack.revoke()
  expect(await send()).toEqual({ status: 'refused', error: 'Slack refused it (404: no_service)' })
})

test('what a proxy says instead of Slack is not passed on', async () => {
  const { slack, send } = await bench()
  slack.failNext({ status: 404, body: `<html>${slack.webhook}</html>` })
  expect(await send()).toEqual({ status: 'refused', error: 'Slack refused it (404)' })
})

test('too many at once are told when to come back', async () => {
  const slack = await openSlack({ allowance: { burst: 1, everyMs: 1_000 }, clock: () => 5_000 })
  const sender = createSlackSender({ log: recordingLog([]) })
  const send = () => sender.send(`slack:${slack.webhook}`, message)
  expect(await send()).toEqual({ status: 'sent' })
  expect(await send()).toMatchObject({ status: 'again', afterMs: 1_000 })
})

test('nobody listening is a reason to try again, told without the URL', async () => {
  const { slack, send } = await bench()
  await slack.close()
  expect(await send()).toEqual({
    status: 'again',
    afterMs: null,
    error: 'Slack could not be reached: ECONNREFUSED',
  })
})

test('no answer in time, and an aborted send, are reasons to try again', async () => {
  const { slack, sender, send } = await bench({ timeoutMs: 50 })
  slack.failNext({ hang: true, times: 2 })
  expect(await send()).toMatchObject({ status: 'again', error: 'Slack could not be reached: TimeoutError' })
  const abort = new AbortController()
  const sending = sender.send(`slack:${slack.webhook}`, message, abort.signal)
  abort.abort()
  expect(await sending).toMatchObject({ status: 'again' })
})

test.each(['slack:', 'slack:hooks.slack.com/x', 'slack:ftp://x.example/', 'telegram:1'])(
  'the address %s is refused before anything is sent',
  async (address) => {
    const { sender } = await bench()
    expect(await sender.send(address, message)).toEqual({
      status: 'refused',
      error: 'the address is no slack:WEBHOOK_URL',
    })
  },
)

test('an empty message is never sent', async () => {
  const { slack, send } = await bench()
  expect(await send({ lines: [[' '], [{ bold: '' }]] })).toMatchObject({ status: 'refused' })
  expect(slack.answers).toEqual([])
})

test('what the plain text of a message says is what its blocks say', () => {
  expect(toSlack(message)?.text.replaceAll('&lt;', '<').replaceAll('&gt;', '>')).toBe(toPlainText(message))
})
