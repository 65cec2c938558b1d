// Requests that nobody thought of: whatever comes, the answer is one that the document describes; nothing fails
// inside, and nothing of the inside is told.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ArbitraryRequest, arbitraryRequest } from '../../testing/api/arbitrary-request.ts'
import { ENTITY, GUIDS, MODULES, RUN_IDS, startPopulated } from '../../testing/api/populated.ts'

/** `.ci/run` sends more. */
const REQUESTS = Number(process.env['HOOKYARD_API_REQUESTS'] ?? 2_000)

const KNOWN = {
  values: [...MODULES.map(({ name }) => name), ...RUN_IDS, ...GUIDS, ENTITY],
  tokens: ['root-token', 'root-token', 'alice-token', 'bob-token', 'reader-token', 'modules-token'],
}

const INSIDE = /\n\s+at |\.ts:\d|node_modules|\/src\/|SQLITE|SqliteError/

test(`${REQUESTS} requests made from the document are answered as it describes`, async () => {
  const server = await startPopulated()
  const statuses = new Map<number, number>()
  const answered = async ({ operation, ...request }: ArbitraryRequest) => {
    const answer = await server.app.inject(request)
    const { statusCode: status, body } = answer
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
    expect(status, body).toBeLessThan(500)
    expect(body).not.toMatch(INSIDE)
    const received = { status, contentType: String(answer.headers['content-type'] ?? ''), body }
    expect(server.described.fault(operation, received)).toBeNull()
  }
  await fc.assert(fc.asyncProperty(arbitraryRequest(server.described, KNOWN), answered), {
    numRuns: REQUESTS,
  })
  // All kinds of answers have been among them.
  for (const status of [200, 202, 400, 401, 403, 404, 409, 415])
    expect(statuses.get(status)).toBeGreaterThan(0)
  expect(server.logged.filter(({ level }) => level === 'error')).toEqual([])
})
