// GitHub's own examples are at hand, and signed as GitHub signs.
import { sign } from '@octokit/webhooks-methods'
import { expect, test } from 'vitest'
import { allOfficialPayloads, officialPayload, signedHeaders } from './payloads.ts'

test('all examples are there, each under a name of its own', () => {
  const all = allOfficialPayloads()
  expect([all.length, new Set(all.map(({ event }) => event)).size]).toEqual([329, 58])
  expect(new Set(all.map(({ name }) => name)).size).toBe(329)
})

test('an example can be changed without changing the next one', () => {
  officialPayload('pull_request', 'opened').action = 'changed'
  expect(officialPayload('pull_request', 'opened').action).toBe('opened')
  expect(officialPayload('push', null)).toHaveProperty('commits')
  expect(() => officialPayload('pull_request', 'exploded')).toThrow(
    'no official payload pull_request.exploded#0; there is: pull_request.opened#0, pull_request.assigned#0',
  )
})

test('the signature is the one that @octokit/webhooks-methods makes', async () => {
  const headers = signedHeaders('hush', '{"ü":1}', { event: 'issues', guid: 'g-1', hookId: '9' })
  expect(headers).toMatchObject({
    'x-github-event': 'issues',
    'x-github-delivery': 'g-1',
    'x-github-hook-id': '9',
    'x-hub-signature-256': await sign('hush', '{"ü":1}'),
  })
})
