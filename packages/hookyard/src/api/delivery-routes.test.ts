// What became of a delivery is told to an admin whole, to a member as far as it concerned him.
import { expect, test } from 'vitest'
import type { Decision } from '../store/store.ts'
import { NOW, PEOPLE, startServer } from '../../testing/receive/start-server.ts'
import { StoreError } from '../store/store.ts'

const GUID = `8c1d:.${'g'.repeat(122)}`
const DECISIONS: readonly Decision[] = [
  { user: 'alice', module: 'review', outcome: 'skipped', reason: 'filtered:draft', runId: null },
  { user: 'alice', module: null, outcome: 'notified', reason: null, runId: null },
  { user: 'admin', module: null, outcome: 'no_message', reason: null, runId: null },
]

async function start(options: Parameters<typeof startServer>[0] = {}) {
  const server = await startServer({ config: PEOPLE, ...options })
  await server.store.deliveries.accept([
    {
      guid: GUID,
      hookId: null,
      event: 'pull_request',
      action: 'opened',
      repository: 'octocat/hello-world',
      entity: 'octocat/hello-world#42',
      body: Buffer.from('{"private":"payload"}'),
      receivedAt: NOW,
    },
  ])
  return server
}

async function dispatch({ store }: Awaited<ReturnType<typeof start>>) {
  const [delivery] = await store.deliveries.pending(1)
  await store.deliveries.commit([
    {
      deliveryId: delivery!.id,
      guid: GUID,
      status: 'dispatched',
      error: null,
      decisions: DECISIONS,
      runs: [],
      coalesced: [],
      cancelled: [],
      messages: [],
      at: NOW,
    },
  ])
}

async function get({ app }: Awaited<ReturnType<typeof start>>, token: string, guid = GUID) {
  const answer = await app.inject({
    url: `/api/deliveries/${encodeURIComponent(guid)}`,
    headers: { authorization: `Bearer ${token}` },
  })
  return [answer.statusCode, answer.json<Record<string, unknown>>()] as const
}

const told = {
  guid: GUID,
  event: 'pull_request',
  action: 'opened',
  repository: 'octocat/hello-world',
  entity: 'octocat/hello-world#42',
  received_at: '2026-11-22T12:00:00.000Z',
}
const asTold = ({ runId, ...decision }: Decision) => ({ ...decision, run_id: runId })

test('a delivery that waits has no decisions yet', async () => {
  const server = await start()
  expect(await get(server, 'root-token')).toEqual([200, { ...told, status: 'received', decisions: [] }])
})

test('an admin sees every decision', async () => {
  const server = await start()
  await dispatch(server)
  expect(await get(server, 'root-token')).toEqual([
    200,
    { ...told, status: 'dispatched', decisions: DECISIONS.map(asTold) },
  ])
})

test('a member sees his own decisions, and a delivery without any of them does not exist for him', async () => {
  const server = await start()
  await dispatch(server)
  expect((await get(server, 'alice-token'))[1].decisions).toEqual(DECISIONS.slice(0, 2).map(asTold))
  expect(await get(server, 'bob-token')).toEqual(await get(server, 'bob-token', 'no-such-guid'))
  expect(await get(server, 'bob-token')).toMatchObject([404, { code: 'unknown_delivery' }])
})

test('503 when the store fails', async () => {
  const server = await start({
    wrap: (store) => ({
      ...store,
      deliveries: { ...store.deliveries, get: () => Promise.reject(new StoreError('died', 'gone')) },
    }),
  })
  expect(await get(server, 'root-token')).toMatchObject([503, { code: 'storage_unavailable' }])
})
