// A caller is who the token says, may do what its scopes and its user allow, and learns nothing otherwise.
import { expect, test } from 'vitest'
import type { UserError } from '../lib/errors.ts'
import { PEOPLE, startServer } from '../../testing/receive/start-server.ts'
import { createWrongTokens } from './auth.ts'

type Server = Awaited<ReturnType<typeof startServer>>

async function get({ app }: Server, authorization: string | undefined, url = '/api/runs/none') {
  const answer = await app.inject({ url, headers: authorization === undefined ? {} : { authorization } })
  return {
    status: answer.statusCode,
    ...answer.json<{ error: string; code: string }>(),
    challenge: answer.headers['www-authenticate'],
  }
}

test.each([
  [undefined],
  [''],
  ['root-token'],
  ['Basic root-token'],
  ['Bearer'],
  ['Bearer '],
  ['Bearer root-token more'],
  ['Bearer root-toke'],
  ['Bearer root-token2'],
  ['Bearer ROOT-TOKEN'],
  [`Bearer ${'x'.repeat(5_000)}`],
])('401 with a challenge for the header %j', async (authorization) => {
  const server = await startServer({ config: PEOPLE })
  const answer = await get(server, authorization)
  expect([answer.status, answer.code]).toEqual([401, 'unauthorized'])
  expect(answer.challenge).toMatch(/^Bearer realm="hookyard"/)
  expect(JSON.stringify([answer, server.logged])).not.toContain('root-token')
})

test.each([['Bearer root-token'], ['bearer root-token'], ['Bearer   root-token']])(
  '%j is a token',
  async (header) => {
    const server = await startServer({ config: PEOPLE })
    expect((await get(server, header)).code).toBe('unknown_run')
  },
)

test('a scope that the token lacks is named', async () => {
  const server = await startServer({ config: PEOPLE })
  expect((await get(server, 'Bearer reader-token')).code).toBe('unknown_run')
  const answer = await get(server, 'Bearer reader-token', '/api/deliveries/none')
  expect([answer.status, answer.code]).toEqual([403, 'insufficient_scope'])
  expect(answer.error).toContain('deliveries:read')
  expect(answer.challenge).toContain('scope="deliveries:read"')
})

test('a reload takes tokens away and brings others', async () => {
  const server = await startServer({ config: PEOPLE })
  expect((await get(server, 'Bearer alice-token')).code).toBe('unknown_run')
  server.state.config = {
    ...server.state.config,
    apiTokens: [{ name: 'new', token: 'new-token', user: 'alice', scopes: ['*'] }],
  }
  expect((await get(server, 'Bearer alice-token')).code).toBe('unauthorized')
  expect((await get(server, 'Bearer new-token')).code).toBe('unknown_run')
})

test('a token whose user is gone is no token', async () => {
  const apiTokens = [{ name: 'ghost', token: 'ghost-token', user: 'nobody', scopes: ['*'] }]
  const server = await startServer({ config: { ...PEOPLE, apiTokens } })
  expect((await get(server, 'Bearer ghost-token')).status).toBe(401)
})

test('the local token works, and there is none unless it is given', async () => {
  const localToken = 'local-token'
  expect((await get(await startServer({ deps: { localToken } }), 'Bearer local-token')).code).toBe(
    'unknown_run',
  )
  expect((await get(await startServer(), 'Bearer undefined')).status).toBe(401)
})

test('an empty token of the configuration is never one', async () => {
  const apiTokens = [{ name: 'empty', token: '', user: 'admin', scopes: ['*'] }]
  const server = await startServer({ config: { ...PEOPLE, apiTokens } })
  expect((await get(server, 'Bearer ')).status).toBe(401)
})

test('wrong tokens are slowed, whoever tries them; right ones never are, and no token is no try', async () => {
  const server = await startServer({ config: PEOPLE })
  for (let tried = 0; tried < 60; tried += 1) await get(server, undefined)
  const codes: string[] = []
  for (let tried = 0; tried < 100; tried += 1) codes.push((await get(server, `Bearer guess-${tried}`)).code)
  expect(codes.slice(0, 50)).toEqual(Array.from({ length: 50 }, () => 'unauthorized'))
  expect(codes.at(-1)).toBe('rate_limited')
  const slowed = await server.app.inject({ url: '/api/runs/none', headers: { authorization: 'Bearer x' } })
  expect(slowed.statusCode).toBe(429)
  expect(Number(slowed.headers['retry-after'])).toBeGreaterThanOrEqual(1)
  expect((await get(server, 'Bearer root-token')).code).toBe('unknown_run')
  expect((await get(server, undefined)).code).toBe('unauthorized')
})

test('wrong tries come back one by one', () => {
  let now = 0
  const countWrong = createWrongTokens(() => now)
  const tryOnce = () => {
    try {
      countWrong()
      return null
    } catch (thrown) {
      return (thrown as UserError).headers['retry-after']
    }
  }
  for (let tried = 0; tried < 50; tried += 1) expect(tryOnce()).toBeNull()
  expect(tryOnce()).toBe('1')
  for (let tried = 0; tried < 1_000; tried += 1) tryOnce()
  expect(tryOnce()).toBe('60')
  now += 62_000
  expect(tryOnce()).toBeNull()
  expect(tryOnce()).toBe('1')
})
