// One message to one channel of Discord: what it answers decides between sent, again and refused; outside text stays
// text and notifies nobody; and the URL, which is a secret, is never told.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readMarkdown } from '../../../../test/standins/discord/markdown.ts'
import type { Fault } from '@hookyard/standins/faults'
import { createDiscordSender, toDiscord } from './discord.ts'
import { textLines } from './message.ts'
import type { Message } from './message.ts'
import { hostileParts, openDiscord } from '../../testing/send/standins.ts'

const message: Message = {
  lines: [
    [{ bold: 'PR #1 *opened*' }, ' in ', { code: 'octo/cat' }],
    [{ link: 'https://x.example/compare', text: 'Compare [a]' }],
    ['https://github.com/octo/cat_dog/pull/1'],
  ],
}

async function bench(options: Parameters<typeof createDiscordSender>[0] = {}) {
  const discord = await openDiscord()
  const sender = createDiscordSender(options)
  return { discord, sender, send: (of = message) => sender.send(`discord:${discord.webhook}`, of) }
}

test('a message is shown as it was meant, without previews of its links', async () => {
  const { discord, send } = await bench()
  expect(await send()).toEqual({ status: 'sent' })
  expect(discord.messages[0]).toMatchObject({
    shown: 'PR #1 *opened* in octo/cat\nCompare [a]\nhttps://github.com/octo/cat_dog/pull/1',
    marks: [
      { kind: 'bold', text: 'PR #1 *opened*' },
      { kind: 'code', text: 'octo/cat' },
      { kind: 'link', text: 'Compare [a]', url: 'https://x.example/compare' },
      { kind: 'link', url: 'https://github.com/octo/cat_dog/pull/1' },
    ],
    flags: 4,
    pinged: [],
  })
})

test('outside text formats nothing, links nothing but addresses and notifies nobody', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...hostileParts), { minLength: 1, maxLength: 30 }), (parts) => {
      const text = parts.join('')
      const rendered = toDiscord({ lines: textLines(text) })
      if (rendered === null) return text.trim() === ''
      const { shown, marks } = readMarkdown(rendered)
      expect(shown).toBe(text.toWellFormed())
      for (const mark of marks) expect(mark).toEqual({ kind: 'link', text: mark.url, url: mark.url })
      return true
    }),
    { numRuns: 500 },
  )
})

test('bold and code hold outside text without letting it out', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...hostileParts), { minLength: 1, maxLength: 12 }), (parts) => {
      const text = `x${parts.join('').replaceAll('\n', ' ')}x`
      const { shown, marks } = readMarkdown(
        toDiscord({ lines: [[{ bold: text }, ' ', { code: text }]] }) ?? '',
      )
      expect(shown).toBe(`${text.toWellFormed()} ${text.toWellFormed().replaceAll('`', 'ˋ')}`)
      expect(marks.filter(({ kind }) => kind !== 'link').map(({ kind }) => kind)).toEqual(['bold', 'code'])
    }),
    { numRuns: 300 },
  )
})

test('a mention in a title is text, and notifies nobody whatever it looks like', async () => {
  const { discord, send } = await bench()
  await send({ lines: [['@everyone @here <@123> <@&456> <#789>']] })
  expect(discord.messages[0]).toMatchObject({
    shown: '@everyone @here <@123> <@&456> <#789>',
    pinged: [],
    marks: [],
  })
})

test('a message of any length fits into 2,000 characters, and keeps its beginning and its tail', async () => {
  const { discord, send } = await bench()
  const lines = Array.from({ length: 300 }, (_, index) => [`*line* ${index} 😀`])
  expect(await send({ lines: [['begin'], ...lines, ['the end']], tail: 1 })).toEqual({ status: 'sent' })
  expect(discord.messages[0]?.shown).toMatch(/^begin\n[^]*\n\.\.\.\nthe end$/)
  expect(await send({ lines: [['_'.repeat(9_000)]] })).toEqual({ status: 'sent' })
  expect(discord.messages[1]?.shown).toMatch(/^_+\.\.\.$/)
})

test('a thread is written to by its number', async () => {
  const { discord, sender } = await bench()
  await sender.send(`discord:${discord.webhook}?thread_id=42`, message)
  expect(discord.messages[0]?.threadId).toBe('42')
})

test.each<[string, Fault, string, number | null]>([
  [
    '429 with milliseconds in its body',
    { status: 429, headers: { 'retry-after': '1' }, body: { retry_after: 1.3 } },
    'again',
    1_300,
  ],
  ['429 of a proxy', { status: 429, headers: { 'retry-after': '9' }, body: '<html></html>' }, 'again', 9_000],
  ['429 for a year', { status: 429, body: { retry_after: 31_536_000 } }, 'again', 3_600_000],
  ['429 with nonsense for a time', { status: 429, body: { retry_after: 'soon' } }, 'again', null],
  ['502', { status: 502 }, 'again', null],
  ['a connection cut', { dropConnection: true }, 'again', null],
  ['403', { status: 403, body: { code: 50_013, message: 'Missing Permissions' } }, 'refused', null],
])('%s', async (_name, fault, status, afterMs) => {
  const { discord, send } = await bench()
  discord.failNext(fault)
  const result = await send()
  expect(result).toMatchObject(status === 'again' ? { status, afterMs } : { status })
  expect(JSON.stringify(result)).not.toContain('standin-token')
})

test('a webhook that is gone and a token that is wrong are refusals with their codes', async () => {
  const { discord, sender, send } = await bench()
  const wrong = await sender.send(`discord:${discord.webhook}x`, message)
  expect(wrong).toEqual({ status: 'refused', error: 'Discord refused it (401: code 50027)' })
  discord.remove()
  expect(await send()).toEqual({ status: 'refused', error: 'Discord refused it (404: code 10015)' })
})

test('too many at once are told when to come back', async () => {
  const discord = await openDiscord({ allowance: { burst: 1, everyMs: 400 }, clock: () => 5_000 })
  const sender = createDiscordSender()
  const send = () => sender.send(`discord:${discord.webhook}`, message)
  expect(await send()).toEqual({ status: 'sent' })
  // The header rounds up to a whole second.
  expect(await send()).toMatchObject({ status: 'again', afterMs: 1_000 })
})

test('nobody listening is a reason to try again, told without the URL', async () => {
  const { discord, send } = await bench()
  await discord.close()
  expect(await send()).toEqual({
    status: 'again',
    afterMs: null,
    error: 'Discord could not be reached: ECONNREFUSED',
  })
})

test.each(['discord:', 'discord:discord.com/api/webhooks/1/x', 'slack:https://x.example/'])(
  'the address %s is refused before anything is sent',
  async (address) => {
    const { discord, sender } = await bench()
    expect(await sender.send(address, message)).toMatchObject({ status: 'refused' })
    expect(discord.answers).toEqual([])
  },
)

test('an empty message is never sent', async () => {
  const { discord, send } = await bench()
  expect(await send({ lines: [[' '], []] })).toMatchObject({ status: 'refused' })
  expect(discord.answers).toEqual([])
})
