// The API against the whole service: what a switch, a replay, a retry, a cancellation and an answer lead to, and
// that they last over restarts.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { loadInstallation } from '../packages/hookyard/src/registry/load.ts'
import { standinAgent } from '@hookyard/standins/agent'
import { officialPayload } from '@hookyard/standins/payloads'
import { openSqliteStore } from '../packages/hookyard/src/store/sqlite/open.ts'
import {
  TOKEN,
  type TestInstallation,
  type TestModule,
  closeInstallations,
  handler,
  openInstallation,
  until,
} from './installation.ts'

afterEach(closeInstallations)

const onIssues = (body: string, manifest: Record<string, unknown> = {}): TestModule => ({
  manifest: { subject: 'none', retries: { max: 0 }, triggers: [{ webhook: 'issues' }], ...manifest },
  handler: handler(body),
})

async function deliver(at: TestInstallation) {
  const { guid } = await at.post('issues', officialPayload('issues', 'opened'))
  const mine = (await at.decisions(guid)).find(({ module }) => module === 'mine')
  return { guid, runId: String(mine?.run_id), told: `${mine?.outcome} ${mine?.reason}` }
}

const post = (at: TestInstallation, path: string, json: unknown = {}) => at.api(path, { json })

test('a module that is switched off starts nothing and says why, also after a restart and a reload', async () => {
  const at = await openInstallation({ modules: { mine: onIssues(`return done('ran')`) } })
  expect((await deliver(at)).told).toBe('ran null')
  expect(await post(at, '/api/modules/mine/disable')).toMatchObject({
    status: 200,
    body: { name: 'mine', enabled: false, enabled_source: 'user', switched: { by: 'alice' } },
  })
  expect((await deliver(at)).told).toBe('skipped module_disabled')
  await at.restart()
  expect((await deliver(at)).told).toBe('skipped module_disabled')
  await at.service.reload(
    loadInstallation({ file: at.configFile, env: {}, cwd: at.dir, builtinModuleDirs: [resolve('modules')] }),
  )
  expect((await deliver(at)).told).toBe('skipped module_disabled')
  expect(await post(at, '/api/modules/mine/invoke')).toMatchObject({
    status: 409,
    body: { code: 'wrong_state' },
  })
  expect((await at.api('/api/modules/mine')).body).toMatchObject({ enabled: false, enabled_source: 'user' })

  expect(await post(at, '/api/modules/mine/enable')).toMatchObject({
    status: 200,
    body: { enabled: true, enabled_source: 'default', switched: null },
  })
  await at.restart()
  expect((await deliver(at)).told).toBe('ran null')
})

test('a module that the configuration has off can be switched on, handler and all, and stays on', async () => {
  const at = await openInstallation({
    modules: { mine: onIssues(`return done('input ' + ctx.input.n)`) },
    config: { modules: { mine: { enabled: false } } },
  })
  expect((await at.api('/api/modules/mine')).body).toMatchObject({ enabled: false, enabled_source: 'config' })
  expect((await post(at, '/api/modules/mine/enable')).body).toMatchObject({
    enabled: true,
    enabled_source: 'user',
  })
  await at.restart()
  const { body } = await post(at, '/api/modules/mine/invoke', { input: { n: 1 } })
  expect(await at.ended(String(body['run_id']))).toMatchObject({
    status: 'done',
    result: { summary: 'input 1' },
  })
})

test('a module whose handler is broken cannot be switched on, and the answer says what is wrong', async () => {
  const at = await openInstallation({
    modules: { mine: { ...onIssues(''), handler: 'export default {' } },
    config: { modules: { mine: { enabled: false } } },
  })
  const refused = await post(at, '/api/modules/mine/enable')
  expect(refused).toMatchObject({ status: 409, body: { code: 'wrong_state' } })
  expect(refused.body['error']).toMatch(/mine cannot be switched on: .*handler\.js/)
  await at.restart()
  expect((await at.api('/api/modules/mine')).body).toMatchObject({ enabled: false, enabled_source: 'config' })
})

test('a run that waits when its module is switched off ends as skipped', async () => {
  const at = await openInstallation({
    modules: { mine: onIssues(`return done('ran')`, { triggers: [{ webhook: 'issues', debounce: '1h' }] }) },
  })
  const { runId } = await deliver(at)
  await post(at, '/api/modules/mine/disable')
  at.advance(3_600_000)
  await at.restart()
  expect(await at.ended(runId)).toMatchObject({ status: 'skipped', reason: 'module_disabled' })
})

test('a replay runs under today’s configuration, past the window, and tells anew', async () => {
  const at = await openInstallation({
    modules: { mine: onIssues(`return done('said')`, { triggers: [{ webhook: 'issues', cooldown: '1h' }] }) },
  })
  const first = await deliver(at)
  await at.messagesSent(1)
  const replayed = await post(at, `/api/deliveries/${first.guid}/replay`)
  expect(replayed).toMatchObject({ status: 202, body: { status: 'replayed', replay: 1 } })
  const { body } = await at.api(`/api/deliveries/${first.guid}`)
  const runs = (body['decisions'] as { module: string; run_id: string; replay?: number }[])
    .filter(({ module }) => module === 'mine')
    .map(({ run_id, replay }) => [run_id, replay])
  expect(runs).toEqual([
    [first.runId, undefined],
    [expect.not.stringMatching(first.runId), 1],
  ])
  expect(await at.ended(String(runs[1]?.[0]))).toMatchObject({ status: 'done', delivery: first.guid })
  expect((await at.messagesSent(2)).map(({ text }) => text.split('\n')[0])).toEqual(['said', 'said'])
  expect((await deliver(at)).told).toBe('skipped cooldown')

  await post(at, '/api/modules/mine/disable')
  const again = await post(at, `/api/deliveries/${first.guid}/replay`)
  expect(again.body).toMatchObject({
    replay: 2,
    decisions: expect.arrayContaining([
      expect.objectContaining({ module: 'mine', outcome: 'skipped', reason: 'module_disabled', replay: 2 }),
    ]),
  })
})

test('a failed run that is tried again keeps its attempts; a running one that is cancelled stops', async () => {
  const at = await openInstallation({
    modules: {
      mine: onIssues(
        `await ctx.notify('attempt ' + ctx.run.attempt)
         if (ctx.run.attempt === 1) return failed('no')
         if (ctx.run.attempt === 2) return new Promise(() => setInterval(() => {}, 1000))
         return done('third')`,
      ),
    },
  })
  const { runId } = await deliver(at)
  expect(await at.ended(runId)).toMatchObject({ status: 'failed', reason: 'declared' })
  expect(await post(at, `/api/runs/${runId}/retry`)).toMatchObject({
    status: 202,
    body: { status: 'queued' },
  })
  await until('the second attempt', () =>
    at.telegram.messages.some(({ text }) => text.startsWith('attempt 2')),
  )
  expect(await post(at, `/api/runs/${runId}/retry`)).toMatchObject({
    status: 409,
    body: { code: 'wrong_state' },
  })
  expect(await post(at, `/api/runs/${runId}/cancel`)).toMatchObject({
    status: 202,
    body: { status: 'running' },
  })
  expect(await at.ended(runId)).toMatchObject({ status: 'cancelled', reason: 'by:alice', attempt: 2 })
  await post(at, `/api/runs/${runId}/retry`)
  expect(await at.ended(runId)).toMatchObject({
    status: 'done',
    attempts: [{ status: 'failed' }, { status: 'cancelled' }, { status: 'done' }],
  })
})

test('an answer over the API resumes the run; a second one comes too late', async () => {
  const at = await openInstallation({
    modules: {
      mine: {
        manifest: onIssues('').manifest,
        handler: `
          import { defineModule, done, paused } from '@hookyard/sdk'
          export default defineModule({ handle: ({ trigger }) => trigger.type === 'resume'
            ? done(trigger.data.by + ' says ' + trigger.data.answer)
            : paused('Shall I?', { options: ['yes', 'no'] }) })`,
      },
    },
  })
  const { runId } = await deliver(at)
  expect(await at.ended(runId)).toMatchObject({
    status: 'paused',
    questions: [{ text: 'Shall I?', status: 'open' }],
  })
  expect(await post(at, `/api/runs/${runId}/resume`, { answer: 'maybe' })).toMatchObject({ status: 400 })
  expect(await post(at, `/api/runs/${runId}/resume`, { answer: 'yes' })).toMatchObject({ status: 202 })
  const run = await until('the end', async () => {
    const { body } = await at.api(`/api/runs/${runId}`)
    return body['status'] === 'done' && body
  })
  expect(run).toMatchObject({
    result: { summary: 'alice says yes' },
    questions: [{ status: 'answered', answer: 'yes', answered_by: 'alice', answered_via: 'api' }],
  })
  expect(await post(at, `/api/runs/${runId}/resume`, { answer: 'no' })).toMatchObject({
    status: 409,
    body: { code: 'wrong_state' },
  })
})

test('modules tell their next ticks; metrics and status tell what has happened', async () => {
  const at = await openInstallation({
    modules: {
      mine: onIssues(`return done('ran')`, { triggers: [{ webhook: 'issues' }, { schedule: '0 9 * * *' }] }),
    },
  })
  const { guid } = await deliver(at)
  await at.post('issues', officialPayload('issues', 'opened'), { guid })
  await at.post('issues', '{}', { secret: 'another' })
  const { body } = await at.api('/api/modules/mine')
  expect(body['next_ticks']).toHaveLength(3)
  expect(body['last_runs']).toMatchObject([{ entity: 'codertocat/hello-world#1' }])
  await at.messagesSent(1)

  const answer = await fetch(`${at.service.url}/metrics`, {
    headers: { authorization: `Bearer ${at.service.localToken}` },
  })
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  const lines = (await answer.text()).split('\n')
  expect(lines).toEqual(
    expect.arrayContaining([
      'hookyard_deliveries_total{status="accepted"} 1',
      'hookyard_deliveries_total{status="duplicate"} 1',
      'hookyard_requests_refused_total{code="invalid_signature"} 1',
      'hookyard_deliveries_dispatched_total{status="dispatched"} 1',
      'hookyard_decisions_total{outcome="ran"} 1',
      'hookyard_run_attempts_total{module="mine",status="done"} 1',
      'hookyard_run_duration_seconds_count{module="mine"} 1',
      'hookyard_deliveries_waiting 0',
      'hookyard_runs{status="queued"} 0',
    ]),
  )
  expect((await at.api('/api/status')).body).toMatchObject({
    agent: { backend: 'offline' },
    deliveries: { received: 0 },
  })
})

test('a backup over HTTP is a database of its own, and leaves nothing behind', async () => {
  const at = await openInstallation({ modules: { mine: onIssues(`return done('ran')`) } })
  const { guid } = await deliver(at)
  const answer = await fetch(`${at.service.url}/api/backup`, {
    headers: { authorization: `Bearer ${at.service.localToken}` },
  })
  expect(answer.status).toBe(200)
  const file = join(at.dir, 'copy.db')
  writeFileSync(file, Buffer.from(await answer.arrayBuffer()))
  const copy = await openSqliteStore({ file, readOnly: true })
  expect(await copy.deliveries.get(guid)).toMatchObject({ guid, status: 'dispatched' })
  await copy.close()
  await until('the copy to be gone', () => readdirSync(join(at.dir, 'data', 'tmp')).length === 0)
})

test('no token is in any file of the data folder', async () => {
  const at = await openInstallation({ modules: { mine: onIssues(`return done('ran')`) } })
  await post(at, '/api/modules/mine/disable')
  await post(at, '/api/modules/mine/enable')
  await post(at, '/api/modules/mine/invoke', { idempotency_key: 'k' })
  await at.stop()
  const data = join(at.dir, 'data')
  const files = readdirSync(data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  expect(files.length).toBeGreaterThan(0)
  for (const entry of files) {
    const bytes = readFileSync(join(entry.parentPath, entry.name))
    for (const token of [TOKEN, at.service.localToken]) expect(bytes.includes(token)).toBe(false)
  }
})

test('what an agent costs is counted, per module', async () => {
  const at = await openInstallation({
    modules: {
      mine: onIssues(`return done((await ctx.agent.run({ prompt: 'Say something' })).text.slice(0, 10))`),
    },
    config: { agent: { backend: 'claude-cli', command: standinAgent() } },
  })
  const { runId } = await deliver(at)
  const run = await at.ended(runId)
  expect(run['cost_usd']).toBeGreaterThan(0)
  const answer = await fetch(`${at.service.url}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } })
  expect(await answer.text()).toContain(`hookyard_cost_usd_total{module="mine"} ${String(run['cost_usd'])}\n`)
})
