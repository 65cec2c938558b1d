// Lists: pages hold still while rows arrive, filters do what they say, and a member never meets what is not his.
import { expect, test } from 'vitest'
import { newDelivery, newRun } from '../../testing/store-contract/builders.ts'
import { ENTITY, startPopulated, STATES } from '../../testing/api/populated.ts'
import { NOW } from '../../testing/receive/start-server.ts'

type Server = Awaited<ReturnType<typeof startPopulated>>

interface Page {
  readonly runs: readonly {
    id: string
    recipients: string[]
    status: string
    module: string
    entity: string
  }[]
  readonly deliveries: readonly { guid: string; decisions: { user: string }[] }[]
  readonly modules: readonly { name: string; last_runs: { id: string }[] }[]
  readonly next_cursor: string | null
}

async function get({ app }: Server, url: string, token = 'root-token'): Promise<Page> {
  const answer = await app.inject({ url, headers: { authorization: `Bearer ${token}` } })
  expect([answer.statusCode, answer.body]).toEqual([200, expect.anything()])
  return answer.json<Page>()
}

async function pages(server: Server, url: string, meanwhile: () => Promise<unknown>, token?: string) {
  const all: Page[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: Page = await get(server, `${url}&cursor=${cursor}`.replace(/&cursor=$/, ''), token)
    all.push(page)
    cursor = page.next_cursor
    await meanwhile()
  }
  return all
}

test('pages of runs together are all runs of the beginning, each once, whatever comes meanwhile', async () => {
  const server = await startPopulated()
  const before = (await get(server, '/api/runs?limit=200')).runs.map(({ id }) => id)
  let came = 0
  const meanwhile = () => server.store.runs.create(newRun(`z${(came += 1)}`, { runAt: NOW, dueAt: NOW }))
  const seen = await pages(server, '/api/runs?limit=4', meanwhile)
  expect(seen.flatMap(({ runs }) => runs.map(({ id }) => id))).toEqual(before)
  expect(seen.map(({ runs }) => runs.length)).toEqual([4, 4, 4, 3])
})

test('pages of deliveries together are all of the beginning, each once, whatever comes meanwhile', async () => {
  const server = await startPopulated()
  let came = 0
  const meanwhile = () => server.store.deliveries.accept([newDelivery(`z${(came += 1)}`)])
  const seen = await pages(server, '/api/deliveries?limit=1', meanwhile)
  expect(seen.map(({ deliveries }) => deliveries.map(({ guid }) => guid))).toEqual([
    ['failed-1'],
    ['dispatched-1'],
    ['received-1'],
  ])
})

test('runs by state, module and entity, in any case and with spaces around', async () => {
  const server = await startPopulated()
  for (const status of STATES) {
    const { runs } = await get(server, `/api/runs?status=${status}`)
    expect(new Set(runs.map((run) => run.status))).toEqual(new Set([status]))
  }
  expect((await get(server, '/api/runs?module=removed')).runs.map(({ id }) => id)).toEqual(['orphan'])
  const { runs } = await get(server, `/api/runs?entity=${encodeURIComponent(' Octocat/Hello-World#4 ')}`)
  expect(runs.map(({ id }) => id)).toEqual(['done-alice'])
  expect((await get(server, '/api/runs?entity=nothing')).runs).toEqual([])
})

test('a member lists the runs and deliveries that concern him, and only his own decisions', async () => {
  const server = await startPopulated()
  const { runs } = await get(server, '/api/runs?limit=200', 'bob-token')
  expect(runs.length).toBe(STATES.length)
  expect(runs.every(({ recipients }) => recipients.includes('bob'))).toBe(true)
  expect((await get(server, '/api/deliveries', 'bob-token')).deliveries).toEqual([])
  const { deliveries } = await get(server, '/api/deliveries', 'alice-token')
  expect(deliveries.map(({ guid }) => guid)).toEqual(['dispatched-1'])
  expect(deliveries[0]?.decisions.map(({ user }) => user)).toEqual(['alice'])
  const byEntity = await get(server, `/api/deliveries?entity=${encodeURIComponent(ENTITY)}`, 'alice-token')
  expect(byEntity.deliveries).toEqual(deliveries)
})

test('the last runs of a module are those that the caller may see', async () => {
  const server = await startPopulated()
  const last = async (token: string) =>
    (await get(server, '/api/modules', token)).modules.find(({ name }) => name === 'review')?.last_runs
  expect(await last('root-token')).toHaveLength(5)
  expect((await last('bob-token'))?.every(({ id }) => id.endsWith('-both'))).toBe(true)
})

test('why tells a member of his decisions, runs and messages alone, and an admin of all', async () => {
  const server = await startPopulated()
  const url = '/api/why?target=dispatched-1'
  const trail = async (token: string) => {
    const answer = await server.app.inject({ url, headers: { authorization: `Bearer ${token}` } })
    return { status: answer.statusCode, body: answer.json<{ deliveries: never; text: string }>() }
  }
  const all = await trail('root-token')
  expect(all.body.deliveries).toMatchObject([
    {
      decisions: [{ user: 'alice' }, { user: 'admin' }],
      runs: [{ id: 'done-alice' }],
      messages: [{ to: 'telegram:alice' }],
    },
  ])
  expect(all.body.text).toContain('admin · message · notified')
  const own = await trail('alice-token')
  expect(own.body.deliveries).toMatchObject([
    { decisions: [{ user: 'alice' }], runs: [{ id: 'done-alice' }] },
  ])
  expect(own.body.text).not.toContain('admin')
  expect((await trail('bob-token')).status).toBe(404)
})
