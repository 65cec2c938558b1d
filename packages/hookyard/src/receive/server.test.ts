// What holds for every route: its errors have one shape and tell nothing of the inside, health is told truly,
// and no path leads where nothing was built.
import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { headersOf, ISSUE, PEOPLE, startServer } from '../../testing/receive/start-server.ts'

test('it is alive, and ready as long as the store answers', async () => {
  const { app } = await startServer()
  for (const url of ['/health', '/ready']) {
    const answer = await app.inject(url)
    expect([answer.statusCode, answer.json()]).toEqual([200, { status: 'ok' }])
  }
})

test('it is alive but not ready when the store does not answer', async () => {
  const { app, logged } = await startServer({
    wrap: (store) => ({ ...store, ping: () => Promise.reject(new Error('gone')) }),
  })
  const ready = await app.inject('/ready')
  expect([ready.statusCode, ready.json()]).toEqual([503, { status: 'unavailable' }])
  expect((await app.inject('/health')).statusCode).toBe(200)
  expect(logged).toHaveLength(1)
})

test('on a full disk it is not ready, and ready again once there is room, without any traffic', async () => {
  const { app, disk, clock } = await startServer()
  const readiness = async () => {
    clock.now += 5_000
    const { statusCode, body } = await app.inject('/ready')
    return [statusCode, body]
  }
  disk!.fill()
  expect(await readiness()).toEqual([503, '{"status":"unavailable"}'])
  disk!.free()
  expect(await readiness()).toEqual([200, '{"status":"ok"}'])
})

test('a delivery that could not be stored says so at once', async () => {
  const { app, disk, clock } = await startServer()
  const ready = async () => (await app.inject('/ready')).statusCode
  expect(await ready()).toBe(200)
  disk!.fill()
  const body = JSON.stringify({ action: 'opened', noise: randomBytes(100_000).toString('base64') })
  const post = { method: 'POST', url: '/webhook/github', headers: headersOf(body), payload: body } as const
  expect((await app.inject(post)).json()).toMatchObject({ code: 'storage_unavailable' })
  expect(await ready()).toBe(503)
  disk!.free()
  expect(await ready()).toBe(503)
  expect((await app.inject(post)).statusCode).toBe(202)
  expect(await ready()).toBe(200)
  clock.now += 60_000
  expect(await ready()).toBe(200)
})

test('it is not ready while it stops', async () => {
  let stopping = false
  const { app } = await startServer({ deps: { stopping: () => stopping } })
  stopping = true
  expect((await app.inject('/ready')).statusCode).toBe(503)
})

test.each([
  ['GET', '/'],
  ['GET', '/nowhere?token=hidden'],
  ['POST', '/nowhere'],
  ['GET', '/webhook/github'],
  ['PUT', '/webhook/github'],
  ['GET', '/api/modules/pr-review/invoke'],
  ['DELETE', '/api/runs/x'],
  ['POST', '/health'],
  ['GET', '/%zz'],
  ['GET', `/api/runs/${'x'.repeat(600)}`],
  ['POST', '/webhook/github/'],
  ['GET', '/../../etc/passwd'],
] as const)('%s %s leads nowhere: 404 not_found', async (method, url) => {
  const { app } = await startServer()
  const answer = await app.inject({
    method,
    url,
    ...(method === 'POST' ? { payload: 'x', headers: { 'content-type': 'text/x' } } : {}),
  })
  expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([404, 'not_found'])
  expect(answer.body).not.toContain('hidden')
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
})

test('what goes wrong inside is told as an id, and logged in full under it', async () => {
  const { app, logged } = await startServer({
    config: PEOPLE,
    api: {
      registry: () => {
        throw new TypeError('secret detail of /inside/path.ts')
      },
    },
  })
  const answer = await app.inject({
    method: 'POST',
    url: '/api/modules/x/invoke?q=hidden',
    headers: { authorization: 'Bearer root-token' },
  })
  expect(answer.statusCode).toBe(500)
  const { error, code, ...rest } = answer.json<{ error: string; code: string }>()
  expect([code, rest]).toEqual(['internal_error', {}])
  const id = /^internal error \(id ([0-9a-f-]{36})\)$/.exec(error)?.[1]
  expect(logged).toEqual([
    {
      level: 'error',
      message: 'a request failed',
      fields: {
        err: expect.any(TypeError) as unknown,
        error_id: id,
        method: 'POST',
        url: '/api/modules/x/invoke',
      },
    },
  ])
})

test('every answer forbids content sniffing, and none names the software behind it', async () => {
  const { app } = await startServer()
  const answers = [
    await app.inject('/health'),
    await app.inject('/nowhere'),
    await app.inject('/%zz'),
    await app.inject({ method: 'POST', url: '/webhook/github', headers: headersOf(ISSUE), payload: ISSUE }),
  ]
  for (const { headers } of answers) {
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(Object.keys(headers)).not.toContain('x-powered-by')
    expect(Object.keys(headers)).not.toContain('server')
  }
})

test('HEAD is answered like GET, without a body', async () => {
  const { app } = await startServer()
  const answer = await app.inject({ method: 'HEAD', url: '/health' })
  expect([answer.statusCode, answer.body]).toEqual([200, ''])
})
