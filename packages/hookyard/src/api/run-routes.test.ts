// A run is told as the contract writes it, to those who hear of it.
import { expect, test } from 'vitest'
import type { NewRun } from '../store/store.ts'
import { NOW, PEOPLE, startServer } from '../../testing/receive/start-server.ts'
import { StoreError } from '../store/store.ts'

type Server = Awaited<ReturnType<typeof startServer>>

const run: NewRun = {
  id: 'run-a',
  module: 'review',
  entity: 'octocat/hello-world#42',
  repository: 'octocat/hello-world',
  trigger: {
    type: 'command',
    event: 'issue_comment',
    action: 'created',
    by: 'octocat',
    at: '2026-11-22T11:59:59.000Z',
  },
  delivery: 'guid-1',
  recipients: ['alice'],
  runAt: NOW,
  dueAt: NOW,
  waiting: false,
  concurrency: 'queue',
  cooldownMs: 0,
  input: { private: 'input' },
  depth: 0,
  createdAt: NOW,
}

async function get({ app }: Server, id: string, token = 'root-token') {
  const answer = await app.inject({ url: `/api/runs/${id}`, headers: { authorization: `Bearer ${token}` } })
  return [answer.statusCode, answer.json<Record<string, unknown>>()] as const
}

test('a queued run', async () => {
  const server = await startServer({ config: PEOPLE })
  await server.store.runs.create(run)
  expect(await get(server, 'run-a')).toEqual([
    200,
    {
      id: 'run-a',
      module: 'review',
      status: 'queued',
      reason: null,
      trigger: run.trigger,
      entity: 'octocat/hello-world#42',
      delivery: 'guid-1',
      recipients: ['alice'],
      attempt: 0,
      attempts: [],
      questions: [],
      result: { summary: null, details: null },
      error: null,
      cost_usd: 0,
      created_at: '2026-11-22T12:00:00.000Z',
      run_at: '2026-11-22T12:00:00.000Z',
      started_at: null,
      finished_at: null,
    },
  ])
})

test('a finished run, with its attempt and its result', async () => {
  const server = await startServer({ config: PEOPLE })
  await server.store.runs.create(run)
  await server.store.runs.claim('me', 1, NOW + 1_000, NOW + 9_000)
  await server.store.runs.settle('me', {
    runId: 'run-a',
    attempt: 1,
    at: NOW + 2_000,
    error: null,
    details: { findings: 2 },
    costUsd: 0.25,
    messages: [],
    kind: 'finished',
    status: 'done',
    reason: null,
    summary: '2 findings',
  })
  const [status, body] = await get(server, 'run-a')
  expect(status).toBe(200)
  expect(body).toMatchObject({
    status: 'done',
    attempt: 1,
    attempts: [
      {
        attempt: 1,
        status: 'done',
        error: null,
        started_at: '2026-11-22T12:00:01.000Z',
        finished_at: '2026-11-22T12:00:02.000Z',
      },
    ],
    result: { summary: '2 findings', details: { findings: 2 } },
    cost_usd: 0.25,
    started_at: '2026-11-22T12:00:01.000Z',
    finished_at: '2026-11-22T12:00:02.000Z',
  })
})

test('a run in whose texts a model had a part says so', async () => {
  const server = await startServer({ config: PEOPLE })
  await server.store.runs.create(run)
  expect((await get(server, 'run-a'))[1]).not.toHaveProperty('untrusted')
  await server.store.runs.taint('run-a')
  expect(await get(server, 'run-a')).toMatchObject([200, { untrusted: true }])
})

test('a member sees the runs that he hears of, and for others there is nothing to see', async () => {
  const server = await startServer({ config: PEOPLE })
  await server.store.runs.create(run)
  expect((await get(server, 'run-a', 'alice-token'))[0]).toBe(200)
  const [hidden, missing] = [await get(server, 'run-a', 'bob-token'), await get(server, 'run-b', 'bob-token')]
  expect(hidden).toEqual(missing)
  expect(hidden).toMatchObject([404, { code: 'unknown_run' }])
})

test.each([['%00'], ["x'%20or%201=1"], ['%F0%9F%91%8B'], ['x'.repeat(500)]])(
  '404 for the id %s',
  async (id) => {
    const server = await startServer({ config: PEOPLE })
    expect(await get(server, id)).toMatchObject([404, { code: 'unknown_run' }])
  },
)

test('500 with an id, and no 503, when this program is at fault', async () => {
  const server = await startServer({
    config: PEOPLE,
    wrap: (store) => ({
      ...store,
      runs: { ...store.runs, get: () => Promise.reject(new RangeError('mistake')) },
    }),
  })
  expect(await get(server, 'run-a')).toMatchObject([500, { code: 'internal_error' }])
})

test('503 when the store fails', async () => {
  const server = await startServer({
    config: PEOPLE,
    wrap: (store) => ({
      ...store,
      runs: { ...store.runs, get: () => Promise.reject(new StoreError('died', 'gone')) },
    }),
  })
  expect(await get(server, 'run-a')).toMatchObject([503, { code: 'storage_unavailable' }])
})
