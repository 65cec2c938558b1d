// The reference system's webhook tests, over HTTP against the whole service: what becomes of an event.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { officialPayload } from '@hookyard/standins/payloads'
import { payloadIn } from './builders.ts'
import {
  type Given,
  SECRET,
  type TestInstallation,
  closeInstallations,
  handler,
  openInstallation,
  until,
} from './installation.ts'

/** A module without a subject that takes pull requests, as quick as a module can be. */
const taking = (more: Record<string, unknown> = {}): Given['modules'] => ({
  taker: {
    manifest: {
      subject: 'none',
      feature_flag: 'taking',
      triggers: [{ webhook: 'pull_request', actions: ['opened'], ...more }],
    },
    handler: handler(`return done('took ' + ctx.trigger.action)`),
  },
})
const alice = (more: Record<string, unknown> = {}) => ({
  name: 'alice',
  role: 'admin',
  chat_id: 111,
  repos: ['codertocat/*'],
  features: { taking: true },
  ...more,
})
const opened = (repository = 'Codertocat/Hello-World') => payloadIn(repository, 'pull_request', 'opened')

/** The installation of the file; a test that looks at messages or windows has a repository of its own. */
let at: TestInstallation
beforeAll(async () => {
  at = await openInstallation({
    users: [
      alice(),
      alice({ name: 'flagless', chat_id: 112, repos: ['flagless/*'], features: { taking: false } }),
      alice({ name: 'ann', chat_id: 113, repos: ['hearers/*'], features: {} }),
      { name: 'bob', chat_id: 222, repos: ['Hearers/Hello-World'], notify_chat_id: -100222 },
      { name: 'carol', chat_id: 333, repos: ['other/*'] },
      { name: 'dave', chat_id: 444, repos: [] },
    ],
    builtins: true,
    modules: {
      ...taking({ cooldown: '5m' }),
      triager: {
        manifest: { subject: 'none', triggers: [{ webhook: 'issues', actions: ['opened'] }] },
        handler: handler(`return done('triaged ' + ctx.entity)`),
      },
    },
    config: { inbound: { secret: SECRET } },
  })
})
afterAll(closeInstallations)

/** Resolves with the messages about the repository once there are so many. */
const messagesOf = (repository: string, count: number) =>
  until(`${count} messages of ${repository}`, () => {
    const found = at.telegram.messages.filter(({ text }) =>
      text.toLowerCase().includes(repository.toLowerCase()),
    )
    return found.length >= count && found
  })

describe('dispatch through the registry', () => {
  test('pull_request.opened starts the module, and its summary replaces the notification', async () => {
    const repository = 'Codertocat/Taken'
    const { status, body, guid } = await at.post('pull_request', opened(repository))
    expect([status, body]).toEqual([202, { status: 'accepted', delivery: guid }])
    const [decision] = await at.decisions(guid)
    expect(decision).toMatchObject({
      user: 'alice',
      module: 'pr-review',
      outcome: 'skipped',
      reason: 'feature_disabled',
    })
    const taken = (await at.decisions(guid)).find(({ module }) => module === 'taker')
    expect(taken).toMatchObject({ outcome: 'ran' })
    expect(await at.ended(String(taken?.run_id))).toMatchObject({
      status: 'done',
      result: { summary: 'took opened' },
    })
    const messages = await messagesOf(repository, 1)
    expect(messages.map(({ chat_id, text }) => [chat_id, text.split('\n')[0]])).toEqual([
      [111, 'took opened'],
    ])
  })

  test('issues.opened starts a module of issues', async () => {
    const { guid } = await at.post('issues', officialPayload('issues', 'opened'))
    const taken = (await at.decisions(guid)).find(({ module }) => module === 'triager')
    expect(await at.ended(String(taken?.run_id))).toMatchObject({
      status: 'done',
      result: { summary: 'triaged codertocat/hello-world#1' },
    })
  })

  test('closed goes to the formatter, whatever the flags', async () => {
    await at.post('pull_request', payloadIn('Codertocat/Closed', 'pull_request', 'closed'))
    const [message] = await messagesOf('Codertocat/Closed', 1)
    expect(message?.text).toMatch(/^PR #2 (closed|merged) in Codertocat\/Closed\n/)
  })

  test('a flag that is off sends the event to the formatter', async () => {
    const { guid } = await at.post('pull_request', opened('Flagless/Hello-World'))
    expect(await at.decisions(guid)).toContainEqual({
      user: 'flagless',
      module: 'taker',
      outcome: 'skipped',
      reason: 'feature_disabled',
      run_id: null,
    })
    const [message] = await messagesOf('Flagless/Hello-World', 1)
    expect(message?.text).toBe(
      'PR #2 opened in Flagless/Hello-World\nUpdate the README with new information.\nby Codertocat\nhttps://github.com/Flagless/Hello-World/pull/2',
    )
  })

  test('an event inside the cooldown is skipped and notifies nobody; after it the module runs again', async () => {
    const repository = 'Codertocat/Cooling'
    const first = await at.post('pull_request', opened(repository))
    await at.decisions(first.guid)
    await messagesOf(repository, 1)
    const second = await at.post('pull_request', opened(repository))
    expect(await at.decisions(second.guid)).toContainEqual({
      user: 'alice',
      module: 'taker',
      outcome: 'skipped',
      reason: 'cooldown',
      run_id: null,
    })
    at.advance(5 * 60_000)
    const third = await at.post('pull_request', opened(repository))
    expect((await at.decisions(third.guid)).find(({ module }) => module === 'taker')).toMatchObject({
      outcome: 'ran',
    })
    const messages = await messagesOf(repository, 2)
    expect(messages.map(({ text }) => text.split('\n')[0])).toEqual(['took opened', 'took opened'])
  })

  test('the cooldown is of the entity: another pull request runs at once', async () => {
    await at.post('pull_request', opened('Codertocat/Two'))
    const other = opened('Codertocat/Two') as unknown as { number: number; pull_request: { number: number } }
    other.number = other.pull_request.number = 77
    const { guid } = await at.post('pull_request', other)
    expect((await at.decisions(guid)).find(({ module }) => module === 'taker')).toMatchObject({
      outcome: 'ran',
    })
  })

  test('an event that no module takes ends in a formatted message', async () => {
    await at.post('push', officialPayload('push', null, 2))
    const { guid } = await at.post('star', officialPayload('star', 'created'))
    expect(await at.decisions(guid)).toEqual([
      { user: 'alice', module: null, outcome: 'no_message', reason: 'nothing_to_say', run_id: null },
    ])
  })
})

describe('who hears', () => {
  test('subscribers hear, in their own chats; a member without repositories and one of another do not', async () => {
    const { guid } = await at.post('pull_request', opened('Hearers/Hello-World'))
    await at.decisions(guid)
    const messages = await messagesOf('Hearers/Hello-World', 2)
    expect(messages.map(({ chat_id }) => chat_id).toSorted()).toEqual([-100222, 113])
  })

  test('an admin without repositories hears everything; the last resort is the first admin', async () => {
    const at = await openInstallation({
      users: [
        { name: 'root', role: 'admin', chat_id: 1, repos: ['nothing/here'] },
        { name: 'all', role: 'admin', chat_id: 2 },
      ],
    })
    await at.post('pull_request', opened())
    expect((await at.messagesSent(1)).map(({ chat_id }) => chat_id)).toEqual([2])
    const alone = await openInstallation({
      users: [{ name: 'root', role: 'admin', chat_id: 1, repos: ['nothing/here'] }],
    })
    await alone.post('pull_request', opened())
    expect((await alone.messagesSent(1)).map(({ chat_id }) => chat_id)).toEqual([1])
  })

  test('hearing by wildcard is no right to act', async () => {
    const at = await openInstallation({
      users: [{ name: 'root', role: 'admin', chat_id: 1, features: { taking: true } }],
      modules: taking(),
    })
    const { guid } = await at.post('pull_request', opened())
    expect(await at.decisions(guid)).toContainEqual({
      user: 'root',
      module: 'taker',
      outcome: 'skipped',
      reason: 'not_authorized',
      run_id: null,
    })
    expect(await at.messagesSent(1)).toHaveLength(1)
  })
})

describe('the door', () => {
  test('a ping is answered, a wrong signature refused, bad JSON named, a duplicate known', async () => {
    expect(await at.post('ping', officialPayload('ping', null))).toMatchObject({
      status: 200,
      body: { msg: 'pong' },
    })
    expect(await at.post('push', officialPayload('push', null), { secret: 'guessed' })).toMatchObject({
      status: 401,
      body: { code: 'invalid_signature' },
    })
    expect(await at.post('push', '{"half')).toMatchObject({ status: 400, body: { code: 'invalid_json' } })
    expect(await at.post('push', '[1]')).toMatchObject({ status: 400, body: { code: 'not_an_object' } })
    const { guid } = await at.post('push', officialPayload('push', null))
    expect(await at.post('push', officialPayload('push', null), { guid })).toMatchObject({
      status: 200,
      body: { status: 'duplicate' },
    })
  })

  test('the generic webhook tells the first admin, in plain text', async () => {
    const send = (body: string, secret = SECRET) =>
      at.api('/webhook', {
        method: 'POST',
        body,
        headers: { 'x-webhook-secret': secret, 'content-type': 'application/json' },
      })
    expect((await send('{"message":"<b>disk</b> is *full*"}')).status).toBe(202)
    expect(await send('{}', 'guessed')).toMatchObject({ status: 401 })
    expect(await send('null')).toMatchObject({ status: 400, body: { code: 'not_an_object' } })
    const message = await until('the message', () =>
      at.telegram.messages.find(({ text }) => text.includes('disk')),
    )
    expect([message.chat_id, message.text]).toEqual([111, '<b>disk</b> is *full*'])
  })
})

describe('invoke', () => {
  test('202 and the run ends; an unknown module is 404; no token is 401', async () => {
    const { status, body } = await at.api('/api/modules/taker/invoke', {
      json: { entity: 'codertocat/invoked#2' },
    })
    expect([status, body]).toEqual([
      202,
      {
        run_id: expect.any(String),
        module: 'taker',
        status: 'queued',
        status_url: `/api/runs/${String(body['run_id'])}`,
      },
    ])
    expect(await at.ended(String(body['run_id']))).toMatchObject({
      status: 'done',
      recipients: ['alice'],
      trigger: { type: 'invoke', by: 'alice' },
    })
    expect(await at.api('/api/modules/nothing/invoke', { json: {} })).toMatchObject({
      status: 404,
      body: { code: 'unknown_module' },
    })
    expect(
      await at.api('/api/modules/taker/invoke', { json: {}, headers: { authorization: 'Bearer x' } }),
    ).toMatchObject({ status: 401 })
  })
})
