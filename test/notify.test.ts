// Who hears, for teams: `hear: mine`, and addresses beside Telegram on the same outbox, over the whole service.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { recordingLog } from '../packages/hookyard/testing/send/bench.ts'
import { type DiscordStandin, startDiscord } from './standins/discord/discord.ts'
import { officialPayload } from '@hookyard/standins/payloads'
import { type ReceiverStandin, startReceiver } from './standins/receiver/receiver.ts'
import { type SlackStandin, startSlack } from './standins/slack/slack.ts'
import { type TestInstallation, closeInstallations, openInstallation, until } from './installation.ts'

const standins: { close(): Promise<void> }[] = []
afterEach(async () => {
  await closeInstallations()
  await Promise.all(standins.splice(0).map((standin) => standin.close()))
})

interface Places {
  readonly slack: SlackStandin
  readonly discord: DiscordStandin
  readonly receiver: ReceiverStandin
  readonly logged: string[]
  readonly at: TestInstallation
}

/** One user for each kind of address, all of whom hear of codertocat's repositories. */
async function openPlaces(): Promise<Places> {
  const key: { of: TestInstallation | null } = { of: null }
  const readKey = () => (key.of ? readFileSync(join(key.of.dir, 'data', 'notify-key'), 'utf8').trim() : '')
  const [slack, discord, receiver] = await Promise.all([startSlack(), startDiscord(), startReceiver(readKey)])
  standins.push(slack, discord, receiver)
  const logged: string[] = []
  const repos = ['codertocat/*']
  const at = await openInstallation({
    log: recordingLog(logged),
    users: [
      { name: 'root', role: 'admin', repos, chat_id: 111 },
      { name: 'slacker', repos, notify: `slack:${slack.webhook}` },
      { name: 'gamer', repos, notify: `discord:${discord.webhook}` },
      { name: 'robot', repos, notify: receiver.url },
    ],
  })
  key.of = at
  return { slack, discord, receiver, logged, at }
}

const MESSAGE = [
  'PR #2 opened in Codertocat/Hello-World',
  'Update the README with new information.',
  'by Codertocat',
  'https://github.com/Codertocat/Hello-World/pull/2',
].join('\n')

const secretsOf = ({ slack, discord }: Places) => [
  new URL(slack.webhook).pathname,
  new URL(discord.webhook).pathname,
]

test('an event reaches everybody in their own place, formatted as that place formats', async () => {
  const places = await openPlaces()
  const { at, slack, discord, receiver, logged } = places
  await at.post('pull_request', officialPayload('pull_request', 'opened'))
  await until(
    'all four',
    () =>
      [at.telegram, slack, discord].every(({ messages }) => messages.length === 1) &&
      receiver.notices.length === 1,
  )
  expect(at.telegram.messages[0]?.text).toBe(MESSAGE)
  expect(slack.messages[0]?.shown).toBe(MESSAGE)
  expect(slack.messages[0]?.marks.map(({ kind }) => kind)).toEqual(['bold', 'code', 'link'])
  expect(discord.messages[0]).toMatchObject({ shown: MESSAGE, pinged: [] })
  expect(discord.messages[0]?.marks.map(({ kind }) => kind)).toEqual(['bold', 'code', 'link'])
  expect(receiver.notices[0]).toMatchObject({
    text: MESSAGE,
    body: { lines: expect.any(Array) as unknown[] },
  })
  expect(receiver.answers).toEqual([204])
  for (const secret of secretsOf(places)) expect(logged.join('\n')).not.toContain(secret)
})

test('an outage is waited out, also over a restart, and no message is lost or comes twice', async () => {
  const { at, slack, discord, receiver } = await openPlaces()
  for (const place of [slack, discord, receiver]) place.failNext({ status: 503, times: 1 })
  receiver.failNext({ dropConnection: true, afterEffect: true })
  await at.post('pull_request', officialPayload('pull_request', 'opened'))
  await until('the first tries', () => [slack, discord, receiver].every(({ answers }) => answers.length >= 1))
  await at.restart()
  for (let round = 0; round < 5; round += 1) at.advance(600_000)
  await at.post('issues', officialPayload('issues', 'opened'))
  await until('both messages everywhere', () => {
    at.advance(60_000)
    return [slack, discord].every(({ messages }) => messages.length === 2) && receiver.notices.length === 2
  })
  expect(slack.messages[0]?.shown).toBe(MESSAGE)
  expect(discord.messages[0]?.shown).toBe(MESSAGE)
  expect(receiver.notices[0]?.text).toBe(MESSAGE)
})

test('a place that is gone is a dead letter with its name, and holds up nobody', async () => {
  const places = await openPlaces()
  const { at, slack, discord, logged } = places
  slack.archive()
  discord.remove()
  const { guid } = await at.post('pull_request', officialPayload('pull_request', 'opened'))
  await at.messagesSent(1)
  const text = await until('the refusals', async () => {
    const { body } = await at.api(`/api/why?target=${guid}`)
    const told = JSON.stringify(body)
    return told.includes('channel_is_archived') && told.includes('code 10015') && told
  })
  for (const secret of secretsOf(places)) {
    expect(text).not.toContain(secret)
    expect(logged.join('\n')).not.toContain(secret)
  }
})

test('hear: mine brings what one wrote, is assigned to, asked to review or mentioned in, and nothing else', async () => {
  const at = await openInstallation({
    users: [
      { name: 'root', role: 'admin', repos: ['other/*'], chat_id: 111 },
      { name: 'author', github: 'CODERTOCAT', hear: 'mine', repos: ['codertocat/*'], chat_id: 222 },
      { name: 'other', github: 'somebody', hear: 'mine', repos: ['codertocat/*'], chat_id: 333 },
      { name: 'nobody', hear: 'mine', repos: ['codertocat/*'], chat_id: 444 },
    ],
  })
  const payload = structuredClone(officialPayload('pull_request', 'opened')) as {
    pull_request: { requested_reviewers: unknown[]; body: string }
  }
  const outcomes = async (of: unknown) => {
    const { guid } = await at.post('pull_request', of)
    return (await at.decisions(guid))
      .filter(({ module }) => module === null)
      .map(({ user, outcome, reason }) => [user, reason ?? outcome].join(' '))
  }
  expect(await outcomes(payload)).toEqual(['author notified', 'other not_mine', 'nobody not_mine'])
  payload.pull_request.requested_reviewers = [{ login: 'Somebody' }]
  expect(await outcomes(payload)).toEqual(['author notified', 'other notified', 'nobody not_mine'])
  payload.pull_request.requested_reviewers = []
  payload.pull_request.body = 'cc @somebody'
  expect(await outcomes(payload)).toEqual(['author notified', 'other notified', 'nobody not_mine'])
  const messages = await at.messagesSent(5)
  expect(messages.map(({ chat_id }) => chat_id).toSorted()).toEqual([222, 222, 222, 333, 333])
})

test('an address that the operator changes counts after a reload, and what waited goes where it was meant to', async () => {
  const { at, slack, receiver } = await openPlaces()
  slack.failNext({ status: 500 })
  await at.post('pull_request', officialPayload('pull_request', 'opened'))
  await until('the first try', () => slack.answers.length === 1)
  const file = readFileSync(at.configFile, 'utf8')
  writeFileSync(at.configFile, file.replace(`slack:${slack.webhook}`, receiver.url))
  await at.restart()
  at.advance(600_000)
  await at.post('issues', officialPayload('issues', 'opened'))
  await until('the one that waited', () => slack.messages.length === 1)
  await until('the new one', () => receiver.notices.length === 2)
  expect(slack.messages).toHaveLength(1)
})
