// The service is killed with SIGKILL at random moments under load, and started again. Nothing that it accepted may
// be lost, and nothing that it did may be done twice, but in the window that docs/adr/0006 names.
import { mkdtempSync, mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { openSqliteStore } from '../../packages/hookyard/src/store/sqlite/open.ts'
import { type GitHubStandin, startGitHub } from '@hookyard/standins/github'
import { officialPayload, signedHeaders } from '@hookyard/standins/payloads'
import { type TelegramStandin, startTelegram } from '@hookyard/standins/telegram'
import { until } from '../installation.ts'
import { type ServiceProcess, killServiceProcesses, startServiceProcess } from '../service-process.ts'

const KILLS = Number(process.env['HOOKYARD_DRILL_KILLS'] ?? 5)
const PER_ROUND = 12
/** A chat takes a message a second: so many of them, each with its own repository, that none is waited for long. */
const CHATS = 12
const SECRET = 'drill-secret'

let standins: (GitHubStandin | TelegramStandin)[] = []
afterEach(async () => {
  await killServiceProcesses()
  await Promise.all(standins.splice(0).map((standin) => standin.close()))
})

const HANDLER = `
import { defineModule, done } from '@hookyard/sdk'
export default defineModule({
  async handle({ pr, once, notify, run }) {
    await pr.comment('first', 'first of ' + pr.number)
    await once('told', () => pr.number)
    await notify('working on ' + pr.number)
    await pr.comment('second', 'second of ' + pr.number)
    return done('finished ' + pr.number + ' for run ' + run.id)
  },
})
`

function writeInstallation(
  github: GitHubStandin,
  telegram: TelegramStandin,
): { configFile: string; database: string } {
  const dir = mkdtempSync(join(tmpdir(), 'hookyard-drill-'))
  mkdirSync(join(dir, 'mods', 'commenter'), { recursive: true })
  writeFileSync(join(dir, 'mods', 'commenter', 'handler.ts'), HANDLER)
  writeFileSync(
    join(dir, 'mods', 'commenter', 'module.yaml'),
    stringify({
      name: 'commenter',
      description: 'Writes two comments and a message',
      subject: 'pull_request',
      may: ['comment'],
      triggers: [{ webhook: 'pull_request', actions: ['opened'] }],
      retries: { max: 20, backoff: '0.1s' },
    }),
  )
  const configFile = join(dir, 'hookyard.yaml')
  writeFileSync(
    configFile,
    stringify({
      repos: ['codertocat/*'],
      server: { port: 0 },
      github: { webhook_secret: SECRET, token: github.token, api_url: github.url },
      telegram: { bot_token: telegram.token, api_url: telegram.url, updates: 'off' },
      agent: { backend: 'offline' },
      users: Array.from({ length: CHATS }, (_, chat) => ({
        name: `user-${chat}`,
        role: chat === 0 ? 'admin' : 'member',
        chat_id: 111 + chat,
        repos: [repositoryOf(chat)],
      })),
      module_dirs: ['./mods'],
      log: { level: 'info' },
    }),
  )
  return { configFile, database: join(dir, 'data', 'hookyard.db') }
}

const repositoryOf = (number: number) => `Codertocat/Hello-World-${number % CHATS}`

/** The official payload, for a pull request of this number in one of the repositories. */
function opened(number: number): unknown {
  const text = JSON.stringify(officialPayload('pull_request', 'opened'))
  const payload = JSON.parse(text.replaceAll('Codertocat/Hello-World', repositoryOf(number))) as {
    number: number
    pull_request: Record<string, unknown>
    repository: Record<string, unknown>
  }
  payload.number = payload.pull_request['number'] = number
  payload.pull_request['html_url'] = `https://github.com/${repositoryOf(number)}/pull/${number}`
  payload.repository['name'] = repositoryOf(number).split('/')[1]
  return payload
}

test(
  `${KILLS} kills under load lose nothing and repeat nothing`,
  { timeout: 120_000 + KILLS * 20_000 },
  async () => {
    const [github, telegram] = await Promise.all([startGitHub(), startTelegram()])
    standins = [github, telegram]
    const { configFile, database } = writeInstallation(github, telegram)
    const accepted: string[] = []
    const killedAt: number[] = []
    let number = 1_000
    let service: ServiceProcess = await startServiceProcess(configFile)

    const post = async (target: ServiceProcess) => {
      number += 1
      const payload = opened(number)
      github.seedFromPayload(payload)
      const body = JSON.stringify(payload)
      const guid = `drill-${number}`
      const headers = signedHeaders(SECRET, body, { event: 'pull_request', guid })
      const answer = await fetch(`${target.url}/webhook/github`, { method: 'POST', body, headers }).catch(
        () => null,
      )
      if (answer?.status === 202) accepted.push(guid)
    }

    for (let kill = 0; kill < KILLS; kill += 1) {
      const load = Promise.all(Array.from({ length: PER_ROUND }, () => post(service)))
      // Anywhere between the first request and the last message; the randomness is the drill.
      await delay(Math.random() * 1_500)
      killedAt.push(Date.now())
      await service.kill('SIGKILL')
      await load
      service = await startServiceProcess(configFile)
    }
    await Promise.all(Array.from({ length: PER_ROUND }, () => post(service)))
    // Also what was stored but never answered is worked off: it must not be counted for what was accepted.
    const ends = /^finished (\d+) |^commenter failed on \S+#(\d+): once\("told"\) was interrupted/
    const told = () =>
      new Set(
        telegram.messages.map(({ text }) => {
          const [, done, interrupted] = ends.exec(text) ?? []
          return done ?? interrupted
        }),
      )
    await until(
      'everything to be done',
      () => {
        const finished = told()
        return accepted.every((guid) => finished.has(guid.slice('drill-'.length)))
      },
      30_000 + accepted.length * 1_000,
    )
    await service.kill('SIGTERM')

    const store = await openSqliteStore({ file: database, readOnly: true })
    // once() runs at most once: killed in the middle of it, a run ends and says so, since nobody knows more.
    const interrupted: number[] = []
    try {
      const numbersDone: number[] = []
      for (const guid of accepted) {
        const delivery = await store.deliveries.get(guid)
        expect(delivery?.status, guid).toBe('dispatched')
        const ran = delivery?.decisions.filter((decision) => decision.module === 'commenter') ?? []
        expect(
          ran.map((decision) => decision.outcome),
          guid,
        ).toEqual(['ran'])
        const run = await store.runs.get(ran[0]?.runId ?? '')
        const number = Number(guid.slice('drill-'.length))
        if (run?.reason === 'once_interrupted') interrupted.push(number)
        else {
          expect(run, guid).toMatchObject({ status: 'done' })
          numbersDone.push(number)
        }
      }
      expect(interrupted.length, 'killed in once()').toBeLessThanOrEqual(KILLS)
      for (const number of interrupted)
        expect(github.comments(repositoryOf(number).toLowerCase(), number)).toHaveLength(1)
      const comments = numbersDone.map((pull) =>
        github.comments(repositoryOf(pull).toLowerCase(), pull).map(({ body }) => body.split('\n')[0]),
      )
      expect(comments).toEqual(numbersDone.map((pull) => [`first of ${pull}`, `second of ${pull}`]))
    } finally {
      await store.close()
    }

    const doubled = doublesOf(telegram)
    const outside = doubled.filter(
      ({ at }) => !killedAt.some((kill) => at[0]! <= kill + 50 && at[1]! >= kill),
    )
    expect(outside, 'messages doubled without a kill between them').toEqual([])
    console.log(
      `${KILLS} kills, ${accepted.length} deliveries accepted, 0 lost, 0 comments doubled, ${doubled.length} of ${telegram.messages.length} messages doubled inside the window, ${interrupted.length} runs ended in once()`,
    )
    expect(github.violations).toEqual([])
  },
)

function doublesOf(telegram: TelegramStandin): { text: string; at: number[] }[] {
  const times = new Map<string, number[]>()
  for (const { text, at } of telegram.messages) times.set(text, [...(times.get(text) ?? []), at])
  return [...times].filter(([, at]) => at.length > 1).map(([text, at]) => ({ text, at }))
}
