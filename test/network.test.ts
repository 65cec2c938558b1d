// ctx.fetch in the whole service: what manifest and operator both say is reached, by a process that itself has no way
// there; what one of them says alone is refused in words that say what to add where.
import { type IncomingMessage, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, expect, test } from 'vitest'
import { closeInstallations, handler, openInstallation } from './installation.ts'

const closing: (() => void)[] = []
afterEach(async () => {
  await closeInstallations()
  for (const close of closing.splice(0)) close()
})

async function openServer() {
  const seen: { request: IncomingMessage; body: string }[] = []
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      seen.push({ request, body })
      if (request.url === '/empty') return response.writeHead(204).end()
      response.setHeader('content-type', 'application/json').setHeader('x-answer', 'yes')
      response.end(JSON.stringify({ path: request.url, body }))
    })
  })
  closing.push(() => server.close())
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

const FETCHES = handler(`
  const url = 'http://' + ctx.input.host
  const answer = await ctx.fetch(url + '/things?a=b', {
    method: 'POST', body: new URLSearchParams({ name: 'Zoë' }), headers: { authorization: 'Bearer of-the-module' },
  })
  const empty = await ctx.fetch(new Request(url + '/empty'))
  const stopped = await ctx.fetch(url, { signal: AbortSignal.abort(new Error('no more')) }).catch((error) => error.message)
  return done('fetched', { details: {
    status: answer.status, ok: answer.ok, url: answer.url, header: answer.headers.get('x-answer'), json: await answer.json(),
    empty: [empty.status, await empty.text()], stopped,
  } })
`)

const needy = (network: readonly string[]) => ({ subject: 'none', needs: { network } })

test('a granted host is reached with a standard Request and Response', async () => {
  const { host, seen } = await openServer()
  const at = await openInstallation({
    modules: { caller: { manifest: needy([host]), handler: FETCHES } },
    config: { modules: { caller: { allow: { network: [host] } } } },
  })
  const { body } = await at.api('/api/modules/caller/invoke', { json: { input: { host } } })
  expect(await at.ended(String(body['run_id']))).toMatchObject({
    status: 'done',
    result: {
      details: {
        ...{ status: 200, ok: true, url: `http://${host}/things?a=b`, header: 'yes' },
        json: { path: '/things?a=b', body: 'name=Zo%C3%AB' },
        empty: [204, ''],
        stopped: 'no more',
      },
    },
  })
  expect(seen.map(({ request }) => request.headers.authorization)).toEqual([
    'Bearer of-the-module',
    undefined,
  ])
  expect(seen[0]?.request.headers['content-type']).toBe('application/x-www-form-urlencoded;charset=UTF-8')
  const { body: shown } = await at.api('/api/modules/caller')
  expect(shown).toMatchObject({ needs: { network: [host] }, granted: { network: [host] } })
})

test('without a grant the run fails at once, and says what to add where', async () => {
  const { host, seen } = await openServer()
  const at = await openInstallation({
    modules: {
      unasked: { manifest: needy([]), handler: FETCHES },
      ungranted: { manifest: needy([host]), handler: FETCHES },
    },
    config: { modules: { unasked: { allow: { network: [host] } } } },
  })
  const run = async (name: string) => {
    const { body } = await at.api(`/api/modules/${name}/invoke`, { json: { input: { host } } })
    return at.ended(String(body['run_id']))
  }
  expect(await run('unasked')).toMatchObject({
    ...{ status: 'failed', reason: 'missing_grant', attempt: 1 },
    error: expect.stringContaining(`add "${host}" to \`needs.network\` of its module.yaml and to`) as string,
  })
  expect(await run('ungranted')).toMatchObject({
    ...{ status: 'failed', reason: 'missing_grant', attempt: 1 },
    error: expect.stringContaining(
      `add "${host}" to \`modules.ungranted.allow.network\` of hookyard.yaml`,
    ) as string,
  })
  expect(seen).toEqual([])
})
