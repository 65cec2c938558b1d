// Settings made in a chat: they override the configuration for that user, survive restarts, say whose word they are,
// and never widen what a module may do.
import { writeFileSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadInstallation } from '../../packages/hookyard/src/registry/load.ts'
import { officialPayload } from '@hookyard/standins/payloads'
import { closeInstallations, until } from '../installation.ts'
import { ALICE, BOB, type ChatScene, openChat, people } from './scene.ts'

/** A member without repositories, one with some of another owner, an admin of all, a member beside alice. */
const [CAROL, DAVE, ERIN, FRANK] = [333, 444, 555, 666]
const users = [
  ...people,
  { name: 'carol', chat_id: CAROL, repos: [], github: 'carol' },
  { name: 'dave', chat_id: DAVE, repos: ['acme/*'], github: 'dave' },
  { name: 'erin', role: 'admin', chat_id: ERIN, repos: [] },
  { name: 'frank', chat_id: FRANK, repos: ['codertocat/*'] },
]

const opened = (number = 2) => {
  const payload = structuredClone(officialPayload('pull_request', 'opened')) as {
    number: number
    pull_request: { number: number }
  }
  payload.number = payload.pull_request.number = number
  return payload
}

/** The outcomes and reasons of a delivery for one user and module. */
async function outcome(at: ChatScene, guid: string, user: string, module: string | null) {
  const found = (await at.decisions(guid)).filter((one) => one.user === user && one.module === module)
  return found.map((one) => (one.reason === null ? one.outcome : `${one.outcome}:${one.reason}`)).join(' ')
}

const postOpened = async (at: ChatScene, number?: number) =>
  (await at.post('pull_request', opened(number))).guid

let shared: ChatScene
beforeAll(async () => {
  shared = await openChat({ users, builtins: true })
  shared.github.createRepository('codertocat/hello-world', { private: true })
})
afterAll(closeInstallations)

/** The chat of the file, in which nobody has set or said anything. */
async function open(): Promise<ChatScene> {
  // Telegram's pace of messages is not what this is about.
  shared.advance(3_600_000)
  for (const chat of [ALICE, BOB]) await shared.ask(chat, '/reset all')
  const before = new Map([ALICE, BOB, -500].map((chat) => [chat, shared.said(chat).length]))
  return Object.assign(Object.create(shared) as ChatScene, {
    said: (chat: number) => shared.said(chat).slice(before.get(chat) ?? 0),
  })
}

describe('/on and /off', () => {
  test('switch a module for one user alone, and say whose word it was and is', async () => {
    const at = await open()
    expect(await outcome(at, await postOpened(at), 'alice', 'taker')).toBe('skipped:feature_disabled')
    await at.messagesSent(1)
    expect(await at.ask(ALICE, '/on taker')).toBe(
      'taker is on for you (user).\nBefore: off (default).\nIt works in octocat/*, codertocat/*, as the operator’s configuration says.'.replace(
        '’',
        "'",
      ),
    )
    expect(await outcome(at, await postOpened(at), 'alice', 'taker')).toBe('ran')
    expect(await at.ask(BOB, '/modules')).toContain('taker: on (config)')
    expect(await at.ask(BOB, '/off TAKER')).toBe('taker is off for you (user).\nBefore: on (config).')
    const modules = await at.ask(BOB, '/modules')
    expect(modules).toContain('taker: off (user)')
    expect(modules).toContain('other: off (config)')
    expect(modules).toContain('everyone: for everybody who hears')
    expect(modules).toContain('pr-review: off (default)')
  })

  test('survive a restart', async () => {
    const at = await open()
    await at.ask(ALICE, '/on taker')
    await at.restart()
    expect(await outcome(at, await postOpened(at), 'alice', 'taker')).toBe('ran')
    expect(await at.ask(ALICE, '/modules')).toContain('taker: on (user)')
  })

  test('survive a reload of the configuration', async () => {
    const at = await openChat()
    await at.ask(ALICE, '/on taker')
    const installation = await loadInstallation({
      file: at.configFile,
      env: {},
      cwd: at.dir,
      builtinModuleDirs: [resolve(import.meta.dirname, '../../modules')],
    })
    await at.service.reload(installation)
    expect(await outcome(at, await postOpened(at), 'alice', 'taker')).toBe('ran')
  })

  test('the implicit admin, who has everything on, can switch one thing off', async () => {
    const at = await openChat({
      builtins: true,
      users: [],
      repos: ['codertocat/*'],
      config: {
        notify: `telegram:${ALICE}`,
        users: [],
        api_tokens: [{ name: 'test', token: 'a-token-that-nobody-guesses', user: 'admin', scopes: ['*'] }],
      },
    })
    expect(await at.ask(ALICE, '/modules')).toContain('taker: on (default)')
    await at.ask(ALICE, '/off taker')
    expect(await outcome(at, await postOpened(at), 'admin', 'taker')).toBe('skipped:feature_disabled')
    expect(await at.ask(ALICE, '/modules')).toContain('issue-triage: on (default)')
  })

  test('never make a module work where the operator did not allow it', async () => {
    const at = await open()
    at.github.setPermission('codertocat/hello-world', 'carol', 'read')
    expect(await at.ask(CAROL, '/on taker')).toContain(
      'The operator has given you no repository to work in: you join the runs that others start.',
    )
    expect(await at.ask(CAROL, '/add codertocat/hello-world')).toBe(
      "You hear of codertocat/hello-world (user).\ncodertocat/hello-world lies outside your repos in hookyard.yaml: it counts as long as your GitHub login carol may read it.\nYou get its messages. Modules don't work there: that is the operator's to say.",
    )
    const guid = await postOpened(at)
    expect(await outcome(at, guid, 'carol', 'taker')).toBe('skipped:not_authorized')
    expect(await outcome(at, guid, 'carol', null)).toBe('notified')
    expect(await at.ask(CAROL, '/run taker codertocat/hello-world#2')).toMatch(
      /^carol may not start runs in codertocat/,
    )
  })
})

describe('/add, /remove and /repos', () => {
  test('what is added is heard of, what is removed is not, and /repos says whose word each is', async () => {
    const at = await open()
    at.github.setPermission('codertocat/hello-world', 'dave', 'read')
    expect(await at.ask(DAVE, '/add https://github.com/Codertocat/Hello-World')).toContain(
      'You hear of codertocat/hello-world (user).',
    )
    expect(await outcome(at, await postOpened(at), 'dave', null)).toBe('notified')
    expect(await at.ask(DAVE, '/remove acme/one')).toBe('You hear no more of acme/one (user).')
    expect(await at.ask(DAVE, '/repos')).toBe(
      'You hear of\nacme/* (config)\ncodertocat/hello-world (user, as far as dave may read it)\nnot of acme/one (user)\nModules work for you in\nacme/* (config)',
    )
    await at.restart()
    expect(await at.ask(DAVE, '/repos')).toContain(
      'codertocat/hello-world (user, as far as dave may read it)\nnot of acme/one (user)',
    )
    expect(await at.ask(DAVE, '/remove codertocat/hello-world')).toContain('You hear no more of')
    expect(await at.ask(DAVE, '/add acme/one')).toBe('You hear of acme/one (config).')
    expect(await at.ask(DAVE, '/repos')).toBe(
      'You hear of\nacme/* (config)\nModules work for you in\nacme/* (config)',
    )
    expect(await at.ask(DAVE, '/remove codertocat/hello-world')).toBe(
      "You don't hear of codertocat/hello-world. /repos lists what you hear of.",
    )
    expect(await outcome(at, await postOpened(at), 'dave', null)).toBe('')
  })

  test('an admin without repositories hears of all, until one is added, but never of a removed one', async () => {
    const at = await open()
    expect(await at.ask(ERIN, '/repos')).toContain('every repository (default)')
    await at.ask(ERIN, '/remove codertocat/hello-world')
    expect(await outcome(at, await postOpened(at), 'erin', null)).toBe('')
    expect(await at.ask(ERIN, '/add codertocat/hello-world')).toBe(
      "You hear of codertocat/hello-world (default).\nYou get its messages. Modules don't work there: that is the operator's to say.",
    )
    expect(await outcome(at, await postOpened(at), 'erin', null)).toBe('notified')
    expect(await at.ask(ERIN, '/add acme/one')).toContain('Until now you heard of every repository')
    expect(await outcome(at, await postOpened(at), 'erin', null)).toBe('')
    expect(await at.ask(ERIN, '/remove acme/*')).toContain('you now hear of every other one')
    expect(await outcome(at, await postOpened(at), 'erin', null)).toBe('notified')
  })
})

describe('/notify', () => {
  test('brings messages to the chat where it is written, also to a group, and back', async () => {
    const at = await open()
    expect(await at.ask(-500, '/notify here', { id: ALICE })).toBe(
      'Your messages go to this chat (user). /notify default takes that back.',
    )
    await postOpened(at, 12)
    await until('the message in the group', () =>
      at.said(-500).some((text) => text.startsWith('PR #12 opened')),
    )
    expect(await at.ask(ALICE, '/status')).toContain('Your messages go to chat -500 (user)')
    await at.restart()
    expect(await at.ask(ALICE, '/notify')).toBe(
      'Your messages go to chat -500 (user). /notify here brings them here.',
    )
    expect(await at.ask(ALICE, '/notify default')).toBe('Your messages go to this chat again.')
    expect(await at.ask(ALICE, '/notify')).toContain('this chat (config)')
    await postOpened(at, 12)
    await until('the message in her chat', () =>
      at.said(ALICE).some((text) => text.startsWith('PR #12 opened')),
    )
  })

  test('does not make the group a place for commands, nor strangers heard', async () => {
    const at = await open()
    await at.ask(-500, '/notify here', { id: ALICE })
    for (const from of [{ id: ALICE }, { id: 999 }]) at.telegram.sendText(-500, '/status', from)
    at.telegram.sendText(-500, '/notify here', { id: 999 })
    await at.settled()
    expect(at.said(-500)).toHaveLength(1)
  })
})

describe('/mute', () => {
  test('keeps messages of an entity away until its time, and the trail says why', async () => {
    const at = await open()
    expect(await at.ask(ALICE, '/mute Codertocat/Hello-World#2 2h')).toMatch(
      /^No messages of codertocat\/hello-world#2 until \d{4}-\d\d-\d\d \d\d:\d\d UTC \(user\)\.\nModules go on working, and a question still reaches you\.$/,
    )
    const guid = await postOpened(at)
    expect(await outcome(at, guid, 'alice', null)).toBe('no_message:muted')
    expect(await at.ask(ALICE, `/why ${guid}`)).toContain('alice muted this, or its repository, by chat')
    expect(await outcome(at, await postOpened(at, 3), 'alice', null)).toBe('notified')
    await at.restart()
    expect(await outcome(at, await postOpened(at), 'alice', null)).toBe('no_message:muted')
    at.advance(2 * 3_600_000)
    expect(await outcome(at, await postOpened(at), 'alice', null)).toBe('notified')
    expect(await at.ask(ALICE, '/status')).toContain('Nothing is muted.')
  })

  test('keeps messages of runs away too, and the modules work on', async () => {
    const at = await open()
    await at.ask(ALICE, '/on taker')
    await at.ask(ALICE, '/mute codertocat/hello-world 1d')
    const guid = await postOpened(at, 13)
    const run = (await at.decisions(guid)).find(({ module }) => module === 'taker')
    expect(run?.outcome).toBe('ran')
    await at.ended(String(run?.run_id))
    expect(await at.ask(ALICE, '/run taker codertocat/hello-world#13')).toContain(
      'You muted codertocat/hello-world#13: no message will come of it (/unmute).',
    )
    expect(await at.ask(ALICE, '/mute')).toMatch(/^Muted: codertocat\/hello-world until .* \(user\)$/)
    expect(await at.ask(ALICE, '/unmute codertocat/hello-world')).toBe(
      'You get messages of codertocat/hello-world again.',
    )
    expect(at.said(ALICE).filter((text) => text.startsWith('took'))).toEqual([])
    await at.ask(ALICE, '/run taker codertocat/hello-world#13')
    await until('the result', () => at.said(ALICE).some((text) => text.startsWith('took')))
  })

  test('is one user’s own: the others hear', async () => {
    const at = await open()
    await at.ask(ALICE, '/mute codertocat/hello-world 7d')
    const guid = await postOpened(at)
    expect(await outcome(at, guid, 'alice', null)).toBe('no_message:muted')
    expect(await outcome(at, guid, 'frank', null)).toBe('notified')
  })
})

test('a reload starts and ends the chat', async () => {
  const at = await openChat({ telegram: { updates: 'off' } })
  const reload = async (updates: string) => {
    const file = readFileSync(at.configFile, 'utf8')
    writeFileSync(at.configFile, file.replace(/^( {2}updates:) .*$/m, `$1 "${updates}"`))
    const builtinModuleDirs = [resolve(import.meta.dirname, '../../modules')]
    const installation = await loadInstallation({
      file: at.configFile,
      env: {},
      cwd: at.dir,
      builtinModuleDirs,
    })
    await at.service.reload(installation)
  }
  at.telegram.sendText(BOB, '/off taker')
  expect(at.telegram.calls).toEqual([])
  await reload('polling')
  await until('the answer to what waited', () => at.said(BOB)[0]?.startsWith('taker is off for you'))
  await reload('off')
  const calls = at.telegram.calls.filter(({ method }) => method === 'getUpdates').length
  at.telegram.sendText(BOB, '/on taker')
  await reload('polling')
  await until('the next answer', () => at.said(BOB)[1]?.startsWith('taker is on for you'))
  expect(at.telegram.calls.filter(({ method }) => method === 'getUpdates').length).toBeGreaterThan(calls)
})

test('/reset takes settings back, one or all', async () => {
  const at = await open()
  for (const text of ['/on taker', '/add acme/one', '/notify here', '/mute octocat/x 1h'])
    await at.ask(ALICE, text)
  expect(await at.ask(ALICE, '/reset taker')).toBe('The configuration holds again: taking.')
  expect(await at.ask(ALICE, '/modules')).toContain('taker: off (default)')
  expect(await at.ask(ALICE, '/reset acme/one')).toBe('The configuration holds again: acme/one.')
  expect(await at.ask(ALICE, '/reset taker')).toBe('There you have set nothing: the configuration holds.')
  expect(await at.ask(ALICE, '/reset all')).toBe('The configuration holds again: mute of octocat/x, notify.')
  expect(await at.ask(ALICE, '/status')).toContain('(config)\nNothing is muted.')
})

test('a user whom the operator takes out is a stranger, whatever they had set', async () => {
  const at = await openChat()
  await at.ask(BOB, '/add codertocat/hello-world')
  const file = readFileSync(at.configFile, 'utf8')
  writeFileSync(at.configFile, file.replace(/ {2}- name: bob\n(?: {4}.*\n)+/, ''))
  await at.restart()
  expect(await at.ask(BOB, '/start')).toBe("This chat's id is 222.")
  expect((await at.decisions(await postOpened(at))).some(({ user }) => user === 'bob')).toBe(false)
})

const words = ['octocat/hello-world', 'codertocat/hello-world', 'acme/one', 'acme/*', 'new/*', 'taker', 'other', 'here', 'all', '2h', 'off', 'codertocat/hello-world#2', ''] // prettier-ignore
const verbs = ['on', 'off', 'add', 'remove', 'notify', 'mute', 'unmute', 'reset']
const anyCommand = fc
  .tuple(fc.constantFrom(...verbs), fc.constantFrom(...words), fc.constantFrom(...words))
  .map((parts) => `/${parts.join(' ')}`.trim())

test('no sequence of commands makes a run start where the configuration alone would not', async () => {
  const users = [
    { name: 'alice', role: 'admin', chat_id: ALICE, repos: ['octocat/hello-world'] },
    { name: 'bob', chat_id: BOB, repos: ['acme/one'] },
  ]
  const at = await openChat({ users })
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom(ALICE, BOB), anyCommand), { maxLength: 8 }),
      async (list) => {
        // Telegram's pace of messages is not what this is about.
        at.advance(3_600_000)
        for (const [chat, text] of list) at.telegram.sendText(chat, text)
        await at.settled(BOB)
        // codertocat/hello-world is in nobody's `repos`.
        const decisions = await at.decisions(await postOpened(at))
        expect(decisions.filter((one) => ['ran', 'coalesced'].includes(one.outcome))).toEqual([])
        for (const chat of [ALICE, BOB])
          expect(await at.ask(chat, '/run taker codertocat/hello-world#2')).toMatch(/may not start runs/)
      },
    ),
    { numRuns: 10 },
  )
})
