// Comments that command modules, over the whole service: by people with write access, and never by its own words.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { officialPayload } from '@hookyard/standins/payloads'
import { payloadIn } from './builders.ts'
import {
  type Given,
  type TestInstallation,
  closeInstallations,
  handler,
  openInstallation,
  until,
} from './installation.ts'

afterAll(closeInstallations)

/** The login of the token that the service acts with: a human's, as far as GitHub can tell. */
const SERVICE = 'hookyard-bot'

const users = [
  { name: 'alice', role: 'admin', chat_id: 111, repos: ['codertocat/*'], features: { review: true } },
  { name: 'bob', chat_id: 222, repos: ['codertocat/*'] },
  { name: 'carol', chat_id: 333, github: 'Carol-GH' },
]
const reviewing: Given = {
  users,
  modules: {
    reviewer: {
      manifest: {
        subject: 'pull_request',
        feature_flag: 'review',
        may: ['comment'],
        when: { draft: false, branches: ['release/*'], paths: ['nothing/**'] },
        triggers: [{ webhook: 'pull_request', actions: ['opened'], cooldown: '5m' }, { command: 'inspect' }],
      },
      handler: handler(`
        const { command, args, comment_id } = ctx.trigger.data
        await ctx.pr.comment('seen', 'Reviewing, as asked: /inspect')
        return done(['reviewed', command, args, ctx.trigger.by, typeof comment_id].join(' '))
      `),
    },
    triager: {
      manifest: { subject: 'issue', triggers: [{ command: 'inspect' }, { command: 'triage' }] },
      handler: handler(`return done('triaged by ' + ctx.trigger.by)`),
    },
    unwanted: {
      manifest: { subject: 'pull_request', feature_flag: 'nobody', triggers: [{ command: 'deserted' }] },
      handler: handler(`return done('deserted')`),
    },
  },
}

interface Scene extends TestInstallation {
  /** Of this test alone; its pull request is #2. */
  readonly repository: string
}

let shared: TestInstallation
let repositories = 0
beforeAll(async () => {
  shared = await openInstallation(reviewing)
})

/** A repository of its own, in the installation of the file unless another is given. */
function open(installation: TestInstallation = shared): Scene {
  const repository = `Codertocat/commands-${(repositories += 1)}`
  const at: Scene = Object.assign(Object.create(installation) as TestInstallation, { repository })
  at.github.seedFromPayload(payloadIn(repository, 'pull_request', 'opened'))
  for (const [login, role] of [
    ['maintainer', 'write'],
    ['carol-gh', 'maintain'],
    ['triager', 'triage'],
    [SERVICE, 'admin'],
  ] as const)
    at.github.setPermission(repository, login, role)
  return at
}

interface Said {
  readonly login?: string
  readonly number?: number
  readonly type?: string
  /** Of a comment that is there already. */
  readonly id?: number
}

/** What GitHub sends when somebody comments: on the pull request, unless another number is given. */
function commented(
  at: Scene,
  body: string,
  { login = 'maintainer', number = 2, type = 'User', id }: Said = {},
) {
  const payload = payloadIn(at.repository, 'issue_comment', 'created') as Record<
    'comment' | 'issue' | 'sender',
    Record<string, unknown>
  >
  const user = { ...(payload.comment['user'] as object), login, type }
  Object.assign(payload.comment, {
    id: id ?? at.github.addComment(at.repository, number, { login, body }),
    body,
    user,
  })
  Object.assign(payload.issue, {
    number,
    ...(number === 2 ? { pull_request: { url: 'https://api.github.com/x' } } : {}),
  })
  Object.assign(payload.sender, { login, type })
  return payload
}

async function comment(at: Scene, body: string, said: Said = {}) {
  const { guid } = await at.post('issue_comment', commented(at, body, said))
  return { guid, decisions: await at.decisions(guid) }
}

/** How often GitHub was asked who may do what there. */
const asked = (at: Scene) => at.github.requests.filter(({ path }) => permissionIn(at).test(path)).length
const permissionIn = (at: Scene) => new RegExp(`/${at.repository}/.*/permission`, 'i')
const byService = (at: Scene, number = 2) =>
  at.github.comments(at.repository, number).filter(({ login }) => login === SERVICE)

describe('a command of somebody with write access', () => {
  test('runs the module, whatever its windows and filters say, for those who want it', async () => {
    const at = open()
    const { decisions } = await comment(at, 'Looks good.\n\n/Inspect the tests, please\n')
    const runId = decisions[0]?.run_id ?? ''
    expect(decisions).toEqual([
      { user: 'alice', module: 'reviewer', outcome: 'ran', reason: null, run_id: runId },
      { user: 'bob', module: 'reviewer', outcome: 'skipped', reason: 'feature_disabled', run_id: null },
      { user: 'alice', module: null, outcome: 'no_message', reason: 'command', run_id: null },
      { user: 'bob', module: null, outcome: 'no_message', reason: 'command', run_id: null },
    ])
    expect(await at.ended(runId)).toMatchObject({
      status: 'done',
      trigger: { type: 'command', event: 'issue_comment', action: 'created', by: 'maintainer' },
      recipients: ['alice'],
      result: { summary: 'reviewed inspect the tests, please maintainer number' },
    })
    const told = () => at.telegram.messages.filter(({ text }) => text.includes('the tests, please'))
    await until('the message', () => told().length > 0)
    expect(told().map(({ chat_id }) => chat_id)).toEqual([111])
    const again = await comment(at, '/inspect')
    expect(again.decisions[0]).toMatchObject({ outcome: 'ran' })
  })

  test('the one who asked hears too; a module whose subject it is not is not meant', async () => {
    const at = open()
    const { decisions } = await comment(at, '/inspect', { login: 'carol-gh' })
    expect(
      decisions
        .filter(({ module }) => module !== null)
        .map(({ user, module, outcome }) => [user, module, outcome]),
    ).toEqual([
      ['alice', 'reviewer', 'ran'],
      ['bob', 'reviewer', 'skipped'],
      ['carol', 'reviewer', 'ran'],
    ])
    at.github.createIssue(at.repository, { title: 'An issue' })
    const number = 3
    const onIssue = await comment(at, '/inspect', { number })
    expect(onIssue.decisions[0]).toMatchObject({ module: 'triager', outcome: 'ran' })
  })

  test('is asked of GitHub once a minute', async () => {
    const at = open()
    await comment(at, '/inspect')
    await comment(at, '/inspect again')
    expect(asked(at)).toBe(1)
    at.advance(60_000)
    at.github.setPermission(at.repository, 'maintainer', 'read')
    const { decisions } = await comment(at, '/inspect')
    expect([asked(at), decisions[0]?.reason]).toEqual([2, 'not_authorized'])
  })
})

test.each([
  ['a code block', '```\n/inspect\n```'],
  ['a quote', '> /inspect'],
  ['an HTML comment', '<!--\n/inspect\n-->hello'],
  ['the middle of a line', 'try /inspect'],
  ['no command of a module', '/deploy now'],
])('%s is no command: GitHub is not asked, and the comment is told as one', async (_what, body) => {
  const at = open()
  const { decisions } = await comment(at, body)
  expect(decisions.map(({ module, outcome }) => [module, outcome])).toEqual([
    [null, 'notified'],
    [null, 'notified'],
  ])
  expect(asked(at)).toBe(0)
})

test('a bot commands nothing', async () => {
  const at = open()
  const { decisions } = await comment(at, '/inspect', { login: 'dependabot[bot]', type: 'Bot' })
  expect(decisions[0]).toMatchObject({
    module: 'reviewer',
    outcome: 'skipped',
    reason: 'filtered:ignore_bots',
  })
  expect(asked(at)).toBe(0)
})

describe('somebody without write access', () => {
  test.each(['triager', 'mallory'])('%s is refused, and told so once', async (login) => {
    const at = open()
    const first = await comment(at, '/inspect', { login })
    expect(first.decisions).toContainEqual({
      user: 'alice',
      module: 'reviewer',
      outcome: 'skipped',
      reason: 'not_authorized',
      run_id: null,
    })
    // Whoever may not command cannot hide a comment by a command either.
    expect(first.decisions).toContainEqual({
      user: 'alice',
      module: null,
      outcome: 'notified',
      reason: null,
      run_id: null,
    })
    expect(byService(at).map(({ body }) => body.split('\n')[0])).toEqual([
      `@${login} \`/inspect\` started nothing: commands are for people with write access to ${at.repository.toLowerCase()}.`,
    ])
    await comment(at, '/inspect!\n/inspect', { login })
    expect(byService(at)).toHaveLength(1)
    expect(
      at.github
        .comments(at.repository, 2)
        .filter((seen) => seen.login === login)
        .map(({ reactions }) => reactions),
    ).toEqual([[], ['confused']])
    const replayed = await at.api(`/api/deliveries/${first.guid}/replay`, { json: {} })
    expect(replayed.status).toBe(202)
    expect(byService(at)).toHaveLength(1)
  })

  test('of a module that nobody wants, nobody is asked and nothing is explained', async () => {
    const at = open()
    const { decisions } = await comment(at, '/deserted', { login: 'mallory' })
    expect(decisions[0]).toMatchObject({ outcome: 'skipped', reason: 'feature_disabled' })
    expect([asked(at), byService(at)]).toEqual([0, []])
  })
})

describe('a module that is bound to comments as well', () => {
  const command = { command: 'inspect' }
  const webhook = { webhook: 'issue_comment', actions: ['created'] }
  const opened = new Map<unknown, Promise<TestInstallation>>()
  /** One installation for each order of the triggers. */
  const openWith = (triggers: unknown[]) => {
    const inspector = {
      manifest: { subject: 'pull_request', feature_flag: 'review', triggers },
      handler: handler(`return done('by ' + ctx.trigger.type)`),
    }
    const carol = { ...users[2]!, features: { review: true } }
    const made =
      opened.get(triggers[0]) ??
      openInstallation({ users: [users[0]!, users[1]!, carol], modules: { inspector } })
    opened.set(triggers[0], made)
    return made
  }
  const told = async (triggers: unknown[], login: string) => {
    const at = open(await openWith(triggers))
    const { decisions } = await comment(at, '/inspect', { login })
    const made = decisions.filter(({ module }) => module === 'inspector')
    const run = made.find(({ outcome }) => outcome === 'ran')
    const by = run && (await at.ended(run.run_id ?? ''))
    return {
      outcomes: made.map(({ user, outcome, reason }) => [user, reason ?? outcome]).toSorted(),
      by: (by?.['result'] as Record<string, unknown> | undefined)?.['summary'],
      messages: decisions.filter(({ outcome }) => outcome === 'notified').length,
    }
  }

  test.each([
    ['the command first', [command, webhook], 'carol-gh', 'by command', ['ran', 'ran'], 0],
    ['the webhook first', [webhook, command], 'carol-gh', 'by webhook', ['ran', 'ran'], 0],
    ['the command first', [command, webhook], 'mallory', undefined, ['not_authorized'], 2],
    ['the webhook first', [webhook, command], 'mallory', 'by webhook', ['ran'], 1],
  ])('%s of %j, said by %s: %s, one decision for each', async (_case, triggers, login, by, reasons, left) => {
    const outcomes = [
      ['alice', reasons[0]],
      ['bob', 'feature_disabled'],
      ...reasons.slice(1).map((reason) => ['carol', reason]),
    ]
    expect(await told(triggers, login)).toEqual({ outcomes, by, messages: left })
  })
})

describe('while GitHub does not answer', () => {
  test('deliveries about something else pass, those behind it wait, and a restart asks again', async () => {
    const at = open()
    at.github.failNext({ path: permissionIn(at), hang: true })
    const { guid } = await at.post('issue_comment', commented(at, '/inspect'))
    await until('GitHub to be asked', () => asked(at) === 1)
    const behind = await at.post('issue_comment', commented(at, 'and then', { login: 'mallory' }))
    const elsewhere = await at.post('issues', officialPayload('issues', 'opened'))
    await at.decisions(elsewhere.guid)
    for (const waiting of [guid, behind.guid])
      expect((await at.api(`/api/deliveries/${waiting}`)).body['status']).toBe('received')
    await at.restart()
    expect((await at.decisions(guid))[0]).toMatchObject({ module: 'reviewer', outcome: 'ran' })
    await at.decisions(behind.guid)
  })

  test('for good, the command is skipped with its reason, and the comment is told', async () => {
    const at = open()
    at.github.failNext({ path: permissionIn(at), status: 403, body: { message: 'Resource not accessible' } })
    const { decisions } = await comment(at, '/inspect')
    expect(decisions[0]).toMatchObject({ outcome: 'skipped', reason: 'permission_unknown' })
    expect(decisions.at(-1)).toMatchObject({ module: null, outcome: 'notified' })
  })
})

describe('the service’s own words', () => {
  test('start nothing and are told to nobody, though they stand under a human’s login', async () => {
    const at = open()
    await at.ended((await comment(at, '/inspect')).decisions[0]?.run_id ?? '')
    const [own] = byService(at)
    expect(own?.body).toMatch(/^Reviewing, as asked: \/inspect/)
    const echo = await comment(at, own?.body ?? '', { login: SERVICE, id: own!.id })
    expect(echo.decisions).toEqual(
      ['alice', 'bob'].map((user) => ({
        user,
        module: null,
        outcome: 'no_message',
        reason: 'own',
        run_id: null,
      })),
    )
    const human = await comment(at, '/inspect', { login: SERVICE })
    expect(human.decisions[0]).toMatchObject({ module: 'reviewer', outcome: 'ran' })
  })

  test('are known by their mark when the receipt is not there yet', async () => {
    const at = open()
    // GitHub takes the comment, and its answer never arrives: there is no receipt.
    at.github.failNext({
      method: 'POST',
      path: new RegExp(`/${at.repository}/.*/comments$`, 'i'),
      dropConnection: true,
      afterEffect: true,
    })
    await comment(at, '/inspect')
    const own = await until('the comment', () => byService(at)[0])
    const echo = await comment(at, own.body, { login: SERVICE, id: own.id })
    expect(echo.decisions.map(({ reason }) => reason)).toEqual(['own', 'own'])
  })

  test('copied by a stranger, mark and all, are a stranger’s words', async () => {
    const at = open()
    await at.ended((await comment(at, '/inspect')).decisions[0]?.run_id ?? '')
    const copy = await comment(at, byService(at)[0]?.body ?? '', { login: 'mallory' })
    expect(copy.decisions.map(({ outcome }) => outcome)).toEqual(['notified', 'notified'])
  })

  test('two modules that answer every comment answer a human once, and each other never', async () => {
    const answering = (word: string) => ({
      manifest: {
        subject: 'pull_request',
        may: ['comment'],
        when: { ignore_bots: false },
        triggers: [{ webhook: 'issue_comment', actions: ['created'] }, { command: word }],
      },
      handler: handler(`
        await ctx.pr.comment('answer to ' + (ctx.trigger.data.comment?.id ?? ctx.trigger.data.comment_id), '/${word === 'ping' ? 'pong' : 'ping'} says ${word}')
        return done('${word}')
      `),
    })
    const at = open(
      await openInstallation({
        users: [{ name: 'alice', role: 'admin', chat_id: 111, repos: ['codertocat/*'] }],
        modules: { pinger: answering('ping'), ponger: answering('pong') },
      }),
    )
    const { decisions } = await comment(at, 'hello')
    for (const { run_id } of decisions.filter(({ outcome }) => outcome === 'ran'))
      await at.ended(run_id ?? '')
    const echoed = new Set<number>()
    for (let round = 0; round < 3; round += 1) {
      for (const { id, body } of byService(at).filter((own) => !echoed.has(own.id))) {
        echoed.add(id)
        const { decisions: made } = await comment(at, body, { login: SERVICE, id })
        expect(new Set(made.map(({ reason }) => reason))).toEqual(new Set(['own']))
      }
    }
    expect(echoed.size).toBe(2)
    expect((await at.api('/api/runs')).body['runs']).toHaveLength(2)
  })
})
