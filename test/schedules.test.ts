// Modules that the clock starts, over the whole service: once per tick, for those who want them, also after a restart.
import { afterEach, expect, test } from 'vitest'
import { officialPayload } from '@hookyard/standins/payloads'
import { type Given, type TestInstallation, closeInstallations, openInstallation } from './installation.ts'

afterEach(closeInstallations)

const HOUR = 3_600_000
const sweeping = (manifest: Record<string, unknown> = {}): Given => ({
  users: [
    { name: 'alice', role: 'admin', chat_id: 111, repos: ['codertocat/*'] },
    { name: 'bob', chat_id: 222, repos: ['octocat/spoon'] },
  ],
  modules: {
    sweeper: {
      manifest: { subject: 'repository', triggers: [{ schedule: '0 * * * *' }], ...manifest },
      handler: `
        import { defineModule, done } from '@hookyard/sdk'
        export default defineModule({
          handle: ({ repo, trigger }) => done('swept ' + repo.full_name + ' for ' + trigger.at + ', ' + trigger.data.schedule),
        })
      `,
    },
  },
})

async function told(at: TestInstallation, count: number) {
  const messages = await at.messagesSent(count)
  return messages.map(({ chat_id, text }) => ({
    chat_id,
    text: text.split('\n')[0],
    late: text.includes('late by'),
  }))
}

/** Goes to a minute before the next full hour by the service's clock, which must not have been moved yet. */
function goBeforeTheHour(at: TestInstallation): string {
  const now = Date.now()
  const next = Math.ceil((now + 1) / HOUR) * HOUR
  at.advance(next - now - 60_000)
  return new Date(next).toISOString()
}

test('each hour one run per repository, for those who hear of it', async () => {
  const at = await openInstallation(sweeping())
  at.github.createRepository('octocat/spoon')
  const payload = officialPayload('star', 'created')
  at.github.seedFromPayload(payload)
  const { guid } = await at.post('star', payload)
  await at.decisions(guid)
  const tick = goBeforeTheHour(at)
  at.advance(60_000)
  const runs = await told(at, 2)
  expect(runs.toSorted((a, b) => Number(a['chat_id']) - Number(b['chat_id']))).toEqual([
    { chat_id: 111, text: `swept Codertocat/Hello-World for ${tick}, 0 * * * *`, late: false },
    { chat_id: 222, text: `swept octocat/spoon for ${tick}, 0 * * * *`, late: false },
  ])
  await at.restart()
  at.advance(HOUR)
  expect(await told(at, 4)).toHaveLength(4)
  expect(new Set(at.telegram.messages.map(({ text }) => text)).size).toBe(4)
})

test('a tick that came while the service was down runs once, says so, and is not run again', async () => {
  const at = await openInstallation(
    sweeping({ triggers: [{ schedule: '0 * * * *' }, { schedule: '*/60 * * * *' }] }),
  )
  at.github.createRepository('octocat/spoon')
  goBeforeTheHour(at)
  await at.stop()
  at.advance(5 * HOUR)
  await at.restart()
  const [run] = await told(at, 1)
  expect(run).toMatchObject({ chat_id: 222, late: true })
  await at.restart()
  at.advance(60_000)
  const runs = await told(at, 2)
  expect(runs.map(({ late }) => late)).toEqual([true, false])
})
