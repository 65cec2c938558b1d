// A bad day of the machine, for the whole service: what cannot be kept is not acknowledged, and is told.
import { copyFileSync, renameSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { officialPayload } from '@hookyard/standins/payloads'
import { silentLog } from '../packages/hookyard/src/lib/log.ts'
import { closeInstallations, handler, openInstallation, until } from './installation.ts'
import { mountSmallDisk, type SmallDisk } from './small-disk.ts'

let disk: SmallDisk | null = null
afterEach(async () => {
  await closeInstallations()
  disk?.unmount()
  disk = null
})

function replace(file: string): void {
  copyFileSync(file, `${file}.new`)
  renameSync(`${file}.new`, file)
}

test.each([
  ['deleted', rmSync],
  ['replaced', replace],
  ['emptied', truncateSync],
])(
  'with its database %s the service is not ready within 10 s, and acknowledges nothing',
  async (_how, accident: (file: string) => void) => {
    const { service, dir, post, advance } = await openInstallation({ modules: {}, builtins: false })
    const ready = async () => (await fetch(`${service.url}/ready`)).status
    const push = officialPayload('push', null)
    expect((await post('push', push)).status).toBe(202)
    expect(await ready()).toBe(200)
    accident(join(dir, 'data', 'hookyard.db'))
    // Nothing comes in: whoever asks each second is told in time.
    let seconds = 0
    for (; seconds < 10 && (await ready()) === 200; seconds += 1) advance(1_000)
    expect(seconds).toBeLessThan(10)
    expect(await post('push', push)).toMatchObject({ status: 503, body: { code: 'storage_unavailable' } })
  },
)

const NO_DISK = 'this machine lets nobody mount a small disk'

test('what was accepted before the disk was full is dispatched when there is room again', async (context) => {
  disk = mountSmallDisk(8)
  if (!disk) return context.skip(NO_DISK)
  let failures = 0
  // A plan for so many people is large, and their delivery small: the one fits where the other does not.
  const { post, decisions } = await openInstallation({
    modules: {},
    users: Array.from({ length: 400 }, (_, n) => ({
      name: `user-${n}`,
      role: 'admin',
      chat_id: 1_000 + n,
      repos: ['octocat/*', 'codertocat/*'],
    })),
    config: { data_dir: disk.path },
    log: {
      ...silentLog,
      error: (_fields, message) => void (failures += message.startsWith('dispatch failed') ? 1 : 0),
    },
  })
  const push = officialPayload('push', null)
  disk.fill(60_000)
  const { status, guid } = await post('push', push)
  expect(status).toBe(202)
  await until('the dispatcher to have tried more often than it may', () => failures > 4)
  disk.free()
  expect(await decisions(guid)).toHaveLength(400)
})

test('a run whose words found no room goes on when there is some, and has failed at nothing', async (context) => {
  disk = mountSmallDisk(8)
  if (!disk) return context.skip(NO_DISK)
  const body = `
    const made = await ctx.once('made', () => 'at attempt ' + ctx.run.attempt)
    while ((await ctx.pr.comments()).length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    await ctx.notify('x'.repeat(60_000) + ctx.run.attempt)
    return done(made)`
  const at = await openInstallation({
    modules: {
      acting: {
        manifest: {
          subject: 'pull_request',
          retries: { max: 0 },
          triggers: [{ webhook: 'pull_request', actions: ['opened'] }],
        },
        handler: handler(body),
      },
    },
    config: { data_dir: disk.path },
  })
  const payload = officialPayload('pull_request', 'opened')
  at.github.seedFromPayload(payload)
  const { guid } = await at.post('pull_request', payload)
  const runId = String((await at.decisions(guid)).find(({ module }) => module === 'acting')?.run_id)
  await until('the run to wait', () => at.github.requests.some(({ path }) => path.includes('/comments')))
  // Room for the end of an attempt, and none for the message.
  disk.fill(45_000)
  at.github.addComment('codertocat/hello-world', 2, { login: 'codertocat', body: 'go' })
  await until('an attempt to end', async () => {
    const { body: run } = await at.api(`/api/runs/${runId}`)
    return (run['attempts'] as { status: string }[])[0]?.status === 'again'
  })
  disk.free()
  at.advance(600_000)
  expect(await at.ended(runId)).toMatchObject({ status: 'done', result: { summary: 'at attempt 1' } })
})
