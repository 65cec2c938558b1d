// What the log tells of a delivery's way: that it was accepted, each attempt that failed, and how its run ended.
import { afterEach, expect, test } from 'vitest'
import { silentLog } from '../packages/hookyard/src/lib/log.ts'
import { officialPayload } from '@hookyard/standins/payloads'
import { closeInstallations, handler, openInstallation } from './installation.ts'

afterEach(closeInstallations)

test('an accepted delivery, each failed attempt and the end of a run are lines; a duplicate is none', async () => {
  const lines: [message: string, fields: Record<string, unknown>][] = []
  const say = (fields: Record<string, unknown>, message: string) => void lines.push([message, fields])
  const at = await openInstallation({
    modules: {
      acting: {
        manifest: {
          subject: 'pull_request',
          retries: { max: 1, backoff: '0.05s' },
          triggers: [{ webhook: 'pull_request', actions: ['opened'] }],
        },
        handler: handler(`throw new Error('no network ' + ctx.run.attempt)`),
      },
    },
    log: { ...silentLog, info: say, warn: say },
  })
  const payload = officialPayload('pull_request', 'opened')
  at.github.seedFromPayload(payload)
  const { guid } = await at.post('pull_request', payload)
  await at.post('pull_request', payload, { guid })
  const runId = String((await at.decisions(guid)).find(({ module }) => module === 'acting')?.run_id)
  await at.ended(runId)
  const of = (what: string) => lines.filter(([message]) => message === what).map(([, fields]) => fields)
  const entity = 'codertocat/hello-world#2'
  expect(of('a delivery was accepted')).toEqual([
    { delivery: guid, event: 'pull_request', action: 'opened', entity },
  ])
  const run = { run: runId, module: 'acting', entity }
  expect(of('an attempt failed; the run is tried again')).toMatchObject([
    { ...run, attempt: 1, error: 'no network 1', again_at: expect.stringMatching(/^\d{4}-.*Z$/) },
  ])
  expect(of('a run has ended')).toMatchObject([
    { ...run, attempt: 2, status: 'failed', reason: 'exhausted', error: 'no network 2' },
  ])
})

test('a run whose subject cannot be loaded says so at each attempt', async () => {
  const lines: unknown[] = []
  const at = await openInstallation({
    modules: {
      acting: {
        manifest: {
          subject: 'pull_request',
          retries: { max: 2, backoff: '0.05s' },
          triggers: [{ webhook: 'pull_request', actions: ['opened'] }],
        },
        handler: handler(`return done('fine')`),
      },
    },
    log: { ...silentLog, warn: (_fields, message) => void lines.push(message) },
    config: {
      github: { webhook_secret: 'a-webhook-secret', token: 'ghp_standin', api_url: 'http://127.0.0.1:9' },
    },
  })
  const { guid } = await at.post('pull_request', officialPayload('pull_request', 'opened'))
  const runId = String((await at.decisions(guid)).find(({ module }) => module === 'acting')?.run_id)
  expect(await at.ended(runId)).toMatchObject({ status: 'failed' })
  expect(lines.filter((line) => line === 'an attempt failed; the run is tried again')).toHaveLength(2)
})
