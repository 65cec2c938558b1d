// What a user adds by chat never shows them a repository that they may not read: no message, no delivery, no run, on
// no way. Only the configuration, or GitHub's word on their login, makes it count.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { officialPayload } from '@hookyard/standins/payloads'
import { type ChatScene, openChat } from './chat/scene.ts'
import { TOKEN, closeInstallations, handler, until } from './installation.ts'

afterAll(closeInstallations)

const ROOT = 111
const ALICE = 222
const OPEN = 'acme/open'
const ALICES = 'the-token-of-alice'

const modules = {
  teller: {
    manifest: {
      subject: 'none',
      feature_flag: 'telling',
      triggers: [{ webhook: 'pull_request', actions: ['opened'] }],
    },
    handler: handler(`
      if (ctx.trigger.type === 'resume') return done('secret again')
      return ctx.trigger.type === 'webhook' && ctx.trigger.data.number === 7 ? paused('secret question?') : done('the secret of ' + ctx.entity)
    `).replace('skipped, failed', 'skipped, failed, paused'),
  },
}

interface Scene extends ChatScene {
  /** A private repository of this test alone, which alice may not read. */
  readonly secret: string
}

const install = (alice: Record<string, unknown> = {}, root: Record<string, unknown> = {}) =>
  openChat({
    repos: ['acme/*'],
    users: [
      { name: 'root', role: 'admin', chat_id: ROOT, features: { telling: true }, ...root },
      { name: 'alice', chat_id: ALICE, github: 'alice', features: { telling: true }, ...alice },
    ],
    modules,
    config: {
      api_tokens: [
        { name: 'root', token: TOKEN, user: 'root', scopes: ['*'] },
        { name: 'alice', token: ALICES, user: 'alice', scopes: ['*'] },
      ],
    },
  })

let shared: ChatScene
const repositories = [OPEN]
beforeAll(async () => {
  shared = await install()
})

/** By itself in the installation of the file, where alice may read nothing of the tests before, and has added nothing. */
async function open(installation: ChatScene = shared): Promise<Scene> {
  const { github } = installation
  const secret = `acme/secret-${repositories.length}`
  repositories.push(secret)
  for (const repository of repositories) {
    github.createRepository(repository, { private: true })
    github.setPermission(repository, 'alice', 'none')
  }
  installation.advance(60_000)
  for (const chat of [ALICE, ROOT]) await installation.ask(chat, '/reset all')
  const before = installation.said(ALICE).length
  return Object.assign(Object.create(installation) as ChatScene, {
    secret,
    said: (chat: number) => installation.said(chat).slice(chat === ALICE ? before : 0),
  })
}

function opened(repository: string, number = 2) {
  const payload = structuredClone(officialPayload('pull_request', 'opened')) as {
    number: number
    pull_request: { number: number }
    repository: { full_name: string; name: string; private: boolean; owner: { login: string } }
  }
  const [login = '', name = ''] = repository.split('/')
  payload.number = payload.pull_request.number = number
  payload.repository.full_name = repository
  Object.assign(payload.repository, { name, private: true })
  payload.repository.owner.login = login
  return payload
}

/** Posts the event, and resolves when its run, if there is one, has ended or asks. */
async function deliver(at: Scene, number?: number, repository = at.secret) {
  const { guid } = await at.post('pull_request', opened(repository, number))
  const decisions = await at.decisions(guid)
  const runId = decisions.find(({ run_id }) => run_id !== null)?.run_id ?? null
  if (runId !== null) await at.ended(runId)
  const own = decisions.filter(({ user }) => user === 'alice')
  return { guid, runId, own: own.map(({ module, outcome, reason }) => [module, outcome, reason]) }
}

/** Where GitHub is asked who may do what there. */
const permissionIn = (at: Scene) => new RegExp(`/${at.secret}/.*/permission`)

const asAlice = (at: ChatScene, path: string, json?: unknown) =>
  at.api(path, { headers: { authorization: `Bearer ${ALICES}` }, ...(json === undefined ? {} : { json }) })

/** All that alice can see of the installation's deliveries and runs, on every way. */
async function seenByAlice(at: Scene, { guid, runId }: { guid: string; runId: string | null }) {
  const lists = [
    (await asAlice(at, '/api/deliveries')).body['deliveries'],
    (await asAlice(at, '/api/runs')).body['runs'],
    ((await asAlice(at, '/api/modules')).body['modules'] as { last_runs: unknown[] }[])[0]?.last_runs,
  ] as unknown[][]
  const pages = [
    `/api/deliveries/${guid}`,
    `/api/why?target=${guid}`,
    `/api/why?target=${encodeURIComponent(`${at.secret}#2`)}`,
    ...(runId === null ? [] : [`/api/runs/${runId}`]),
  ]
  const statuses = await Promise.all(pages.map(async (page) => (await asAlice(at, page)).status))
  const chat = [await at.ask(ALICE, '/runs'), await at.ask(ALICE, `/why ${at.secret}#2`)]
  const told = at.said(ALICE).filter((text) => text.includes('secret of') || text.startsWith('PR #'))
  return {
    listed: lists.map((list) => list.length),
    statuses: [...new Set(statuses)],
    chat: chat.map((text) => text.split('\n')[0]),
    told: told.length > 0,
  }
}

const nothing = ({ secret }: Scene) => ({
  listed: [0, 0, 0],
  statuses: [404],
  chat: [
    'There are no such runs.',
    `Nothing is known of ${secret}#2: no such event reached this installation, or none that concerns you.`,
  ],
  told: false,
})

describe('a member adds acme/* by chat', () => {
  test('and hears, sees and starts nothing of a repository that their login may not read', async () => {
    const at = await open()
    expect(await at.ask(ALICE, '/add acme/*')).toBe(
      'acme/* lies outside your repos in hookyard.yaml; you hear of those of its repositories that your GitHub login alice may read.',
    )
    const delivered = await deliver(at)
    expect(delivered.own).toEqual([[null, 'no_message', 'not_readable']])
    expect(await seenByAlice(at, delivered)).toEqual(nothing(at))
    expect(await at.ask(ROOT, `/why ${delivered.guid}`)).toContain(
      'GitHub says that their login may not read it',
    )
  })

  test('and hears of those that their login may read, decided for each repository', async () => {
    const at = await open()
    await at.ask(ALICE, '/add acme/*')
    at.github.setPermission(OPEN, 'alice', 'read')
    expect((await deliver(at)).own).toEqual([[null, 'no_message', 'not_readable']])
    const { guid, runId, own } = await deliver(at, 2, OPEN)
    expect(own).toEqual([['teller', 'ran', null]])
    expect((await asAlice(at, `/api/deliveries/${guid}`)).status).toBe(200)
    expect((await asAlice(at, `/api/runs/${runId}`)).status).toBe(200)
    const { deliveries } = (await asAlice(at, '/api/deliveries')).body as { deliveries: { guid: string }[] }
    expect(deliveries.map((one) => one.guid)).toEqual([guid])
  })

  test('and without a GitHub login is told that it will not count', async () => {
    const at = await open(await install({ github: undefined }))
    expect(await at.ask(ALICE, '/add acme/*')).toMatch(
      /^acme\/\* lies outside .* it will not count\. Ask an admin/,
    )
    expect(await at.ask(ALICE, '/repos')).toContain('acme/* (user, does not count: no GitHub login)')
    const delivered = await deliver(at)
    expect(delivered.own).toEqual([[null, 'no_message', 'no_login']])
    expect(await seenByAlice(at, delivered)).toEqual(nothing(at))
  })

  test('inside their own repos it counts as ever, and GitHub is not asked', async () => {
    const at = await open(await install({ repos: ['acme/*'], github: undefined }))
    await at.ask(ALICE, '/remove acme/*')
    expect(await at.ask(ALICE, `/add ${at.secret}`)).toContain(`You hear of ${at.secret} (user).`)
    expect((await deliver(at)).own).toEqual([['teller', 'ran', null]])
    expect(at.github.requests.filter(({ path }) => path.includes('/collaborators/'))).toEqual([])
  })
})

describe('a repository added by its name', () => {
  test('the answer says what GitHub says now', async () => {
    const at = await open()
    expect(await at.ask(ALICE, `/add ${at.secret}`)).toBe(
      `${at.secret} lies outside your repos in hookyard.yaml, and your GitHub login alice may not read it: you hear of it once it may.`,
    )
    at.advance(60_000)
    at.github.setPermission(at.secret, 'alice', 'read')
    expect(await at.ask(ALICE, `/add ${at.secret}`)).toContain(`You hear of ${at.secret} (user).`)
    at.advance(60_000)
    at.github.failNext({ path: permissionIn(at), status: 403, times: 9 })
    expect(await at.ask(ALICE, `/add ${at.secret}`)).toContain(
      'GitHub does not tell whether your login alice may read it',
    )
  })
})

describe('what GitHub says is asked anew', () => {
  test('a login that may read no more sees no more, a minute later at the latest', async () => {
    const at = await open()
    at.github.setPermission(at.secret, 'alice', 'read')
    await at.ask(ALICE, '/add acme/*')
    const before = await deliver(at)
    expect((await asAlice(at, `/api/deliveries/${before.guid}`)).status).toBe(200)
    at.github.setPermission(at.secret, 'alice', 'none')
    at.advance(60_000)
    expect(await seenByAlice(at, before)).toMatchObject({ ...nothing(at), told: true })
    expect((await deliver(at, 3)).own).toEqual([[null, 'no_message', 'not_readable']])
    expect((await asAlice(at, `/api/deliveries/${before.guid}`)).status).toBe(404)
  })

  test.each([
    ['is down', { status: 502, times: 99 }],
    ['does not tell our token', { status: 403, body: { message: 'Must have push access' }, times: 99 }],
  ])('while GitHub %s nothing is shown, and no delivery is lost', async (_how, fault) => {
    const at = await open()
    at.github.setPermission(at.secret, 'alice', 'read')
    await at.ask(ALICE, '/add acme/*')
    const before = await deliver(at)
    at.advance(60_000)
    at.github.failNext({ path: permissionIn(at), ...fault })
    const { own, guid } = await deliver(at, 3)
    expect(own).toEqual([[null, 'no_message', 'readable_unknown']])
    expect((await at.api(`/api/deliveries/${guid}`)).body['decisions']).toMatchObject([
      { user: 'root', module: 'teller', outcome: 'ran' },
      { user: 'alice' },
    ])
    expect((await asAlice(at, `/api/deliveries/${before.guid}`)).status).toBe(404)
    expect((await asAlice(at, `/api/runs/${before.runId}`)).status).toBe(404)
  })

  test('a question of a run is answered no more by who may not be told of its repository', async () => {
    const at = await open()
    at.github.setPermission(at.secret, 'alice', 'read')
    await at.ask(ALICE, '/add acme/*')
    const { runId } = await deliver(at, 7)
    await until('the question', () => at.said(ALICE).some((text) => text.startsWith('secret question?')))
    at.github.setPermission(at.secret, 'alice', 'none')
    at.advance(60_000)
    expect(await at.ask(ALICE, 'yes')).toBe('alice may not be told of this repository any more')
    expect((await asAlice(at, `/api/runs/${runId}/resume`, { answer: 'yes' })).status).toBe(404)
    expect((await at.api(`/api/runs/${runId}`)).body).toMatchObject({ status: 'paused' })
  })
})

test('what a member starts where the operator lets them act is theirs to see', async () => {
  const at = await open()
  const { body } = await asAlice(at, '/api/modules/teller/invoke', { entity: `${at.secret}#2` })
  await at.ended(String(body['run_id']))
  expect((await asAlice(at, `/api/runs/${String(body['run_id'])}`)).body).toMatchObject({
    result: { summary: `the secret of ${at.secret}#2` },
  })
})

test('an admin with repositories of their own is asked about like everybody; the last resort stays', async () => {
  const at = await open(await install({}, { repos: ['root/own'], github: 'root-login' }))
  at.github.setPermission(at.secret, 'root-login', 'none')
  await at.ask(ROOT, '/add acme/*')
  const { guid } = await deliver(at)
  // Nobody else hears of it, and so the first admin does.
  expect((await at.decisions(guid)).map(({ user, outcome }) => [user, outcome])).toEqual([['root', 'ran']])
  await at.ask(ROOT, `/remove ${at.secret}`)
  const again = await deliver(at)
  expect((await at.decisions(again.guid)).map(({ user, reason }) => [user, reason])).toEqual([
    ['root', 'repo_removed'],
  ])
})
