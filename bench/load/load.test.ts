// The load generator must not flatter: each request is counted once and as what it was, and a server that stalls is
// charged for everybody whom it kept waiting.
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { Job } from './job.ts'
import { Durations } from './quantiles.ts'
import { sendLoad } from './start.ts'

const BODY = Buffer.from(JSON.stringify({ action: 'opened', text: 'ä'.repeat(40_000) }))
const SIGNATURE = createHmac('sha256', 'secret').update(BODY).digest('hex')
const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

/** A server with this handler, and a job for it. */
async function jobFor(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<Job> {
  const server = createServer((request, response) => handle(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const folder = mkdtempSync(join(tmpdir(), 'hookyard-load-'))
  cleanups.push(
    () => server.closeAllConnections(),
    () => server.close(),
    () => rmSync(folder, { recursive: true }),
  )
  const bodyFile = join(folder, 'body.json')
  writeFileSync(bodyFile, BODY)
  return {
    port: (server.address() as AddressInfo).port,
    path: '/webhook/github',
    shots: [{ event: 'pull_request', bodyFile, signature: SIGNATURE }],
    connections: 4,
    warmupSeconds: 0,
    seconds: 60,
    rate: null,
    maxRequests: 100,
  }
}

test('every request arrives whole and signed, with a GUID of its own, and is counted once', async () => {
  const guids = new Set<unknown>()
  const intact: boolean[] = []
  const job = await jobFor((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const digest = createHmac('sha256', 'secret').update(Buffer.concat(chunks)).digest('hex')
      intact.push(request.headers['x-hub-signature-256'] === `sha256=${digest}`)
      guids.add(request.headers['x-github-delivery'])
      response.writeHead(202).end('{}')
    })
  })
  const load = await sendLoad(job)
  expect(intact).toHaveLength(load.accepted)
  expect(intact).not.toContain(false)
  expect(guids.size).toBe(load.accepted)
  expect(load).toMatchObject({ refused: 0, broken: 0 })
  expect(load.accepted).toBeGreaterThanOrEqual(100)
})

test('refused and broken requests are not accepted ones, and the load goes on after them', async () => {
  let arrived = 0
  const seen = { good: 0, refused: 0, broken: 0 }
  const job = await jobFor((request, response) => {
    request.resume().on('end', () => {
      arrived += 1
      const kind = arrived % 7 === 0 ? 'broken' : arrived % 5 === 0 ? 'refused' : 'good'
      seen[kind] += 1
      if (kind === 'broken') request.socket.destroy()
      else response.writeHead(kind === 'good' ? 202 : 503).end()
    })
  })
  const load = await sendLoad(job)
  expect(seen.broken).toBeGreaterThan(10)
  expect(load.accepted).toBe(seen.good)
  // Those of the last moment are answered, but no longer measured.
  expect(load.refused).toBeGreaterThan(seen.refused - job.connections)
  expect(load.broken).toBeGreaterThan(seen.broken - job.connections)
  expect(load.refused + load.broken).toBeLessThanOrEqual(seen.refused + seen.broken)
})

test('in the open loop a request that is kept waiting counts from the moment it was due', async () => {
  const waiting: ServerResponse[] = []
  const job = await jobFor((request, response) => {
    request.resume().on('end', () => {
      waiting.push(response)
      // The 30th arrives 290 ms after the first was due, on however fast a machine.
      if (waiting.length >= 30) for (const held of waiting.splice(0)) held.writeHead(202).end()
    })
  })
  const load = await sendLoad({ ...job, connections: 32, rate: 100, maxRequests: 60 })
  expect(load.accepted).toBe(60)
  expect(load.max).toBeGreaterThan(250)
})

test('quantiles are those of the sorted sample', () => {
  const durations = new Durations()
  for (let value = 100_000; value >= 1; value -= 1) durations.add(value)
  expect(durations.at(0, 0.5, 0.99, 1)).toEqual([1, 50_000, 99_000, 100_000])
  expect(new Durations().at(0.5)).toEqual([0])
})
