// A burst of pushes costs one paid review, of the newest commit, in time, though the service is killed with SIGKILL inside
// the debounce window. HOOKYARD_BURST=full: 20 pushes in 10 s, another kill amid them, the debounce of the manifest, and
// the time by the clock on the wall.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { standinAgent } from '@hookyard/standins/agent'
import { type GitHubStandin, startGitHub } from '@hookyard/standins/github'
import { officialPayload, signedHeaders } from '@hookyard/standins/payloads'
import { type TelegramStandin, startTelegram } from '@hookyard/standins/telegram'
import { until } from '../installation.ts'
import { type ServiceProcess, killServiceProcesses, startServiceProcess } from '../service-process.ts'

const FULL = process.env['HOOKYARD_BURST'] === 'full'
const PUSHES = 20
const DEBOUNCE_MS = FULL ? 30_000 : 5_000
/** Between two pushes. */
const PAUSE_MS = FULL ? 500 : 25
const SECRET = 'burst-secret'
const TOKEN = 'burst-token'
const REPOSITORY = 'codertocat/hello-world'

let close: (() => Promise<void>)[] = []
afterEach(async () => {
  await killServiceProcesses()
  for (const one of close.splice(0)) await one()
})

function writeInstallation(github: GitHubStandin, telegram: TelegramStandin): string {
  const dir = mkdtempSync(join(tmpdir(), 'hookyard-burst-'))
  close.push(() => Promise.resolve(rmSync(dir, { recursive: true, force: true })))
  const configFile = join(dir, 'hookyard.yaml')
  writeFileSync(
    configFile,
    stringify({
      repos: ['codertocat/*'],
      server: { port: 0 },
      github: { webhook_secret: SECRET, token: github.token, api_url: github.url },
      telegram: { bot_token: telegram.token, api_url: telegram.url, updates: 'off' },
      agent: { backend: 'claude-cli', command: standinAgent() },
      users: [{ name: 'alice', role: 'admin', chat_id: 111, features: { pr_review: true } }],
      api_tokens: [{ name: 'test', token: TOKEN, user: 'alice', scopes: ['*'] }],
      // As the manifest says in full; a short one is for the test's sake.
      ...(FULL ? {} : { modules: { 'pr-review': { debounce: DEBOUNCE_MS / 1_000 } } }),
      log: { level: 'info' },
    }),
  )
  return configFile
}

interface Run {
  readonly status: string
  readonly attempt: number
  readonly cost_usd: number
  readonly run_at: string
  readonly started_at: string
  readonly finished_at: string
  readonly result: { readonly summary: string } | null
}

test(`${PUSHES} pushes and a kill end in one paid review of the newest commit, in time`, async () => {
  const [github, telegram] = await Promise.all([startGitHub(), startTelegram()])
  close.push(
    () => github.close(),
    () => telegram.close(),
  )
  const configFile = writeInstallation(github, telegram)
  const payload = officialPayload('pull_request', 'synchronize') as {
    number: number
    pull_request: { head: { sha: string } }
  }
  github.seedFromPayload(payload)
  let service: ServiceProcess = await startServiceProcess(configFile)
  const restart = async () => {
    await service.kill('SIGKILL')
    service = await startServiceProcess(configFile)
  }
  /** When the last one was accepted, by this clock. */
  let pushedAt = 0
  const push = async () => {
    payload.pull_request.head.sha = github.pushCommit(REPOSITORY, payload.number)
    const body = JSON.stringify(payload)
    const headers = signedHeaders(SECRET, body, { event: 'pull_request' })
    const answer = await fetch(`${service.url}/webhook/github`, { method: 'POST', body, headers })
    expect(answer.status).toBe(202)
    pushedAt = Date.now()
  }
  const runs = async (): Promise<Run[]> => {
    const headers = { authorization: `Bearer ${TOKEN}` }
    const answer = await fetch(`${service.url}/api/runs?module=pr-review`, { headers })
    return ((await answer.json()) as { runs: Run[] }).runs
  }

  for (let count = 0; count < PUSHES; count += 1) {
    if (FULL && count === PUSHES / 2) await restart()
    await push()
    await delay(PAUSE_MS)
  }
  await restart()
  // Not by asking the API again and again, which has its rate limit.
  const told = () => telegram.messages.filter(({ text }) => text.includes('PR #'))
  await until('the review', () => told().length > 0, DEBOUNCE_MS + 60_000)

  const head = github.headSha(REPOSITORY, payload.number)
  const [run, ...more] = await runs()

  expect(more).toEqual([])
  expect(run).toMatchObject({ status: 'done', attempt: 1 })
  if (run === undefined) return
  expect(run.result?.summary).toContain(`on ${head.slice(0, 7)}`)
  // The scripted agent counts 0.0123 USD for an answer.
  expect(run.cost_usd).toBeCloseTo(0.0123, 6)
  expect(github.comments(REPOSITORY, payload.number).length).toBeLessThanOrEqual(1)
  const reviews = github.reviews(REPOSITORY, payload.number)
  expect(new Set(reviews.map(({ commitId }) => commitId)).size).toBeLessThanOrEqual(1)
  expect(told()).toHaveLength(1)

  expect(github.violations).toEqual([])
  const finished = Date.parse(run.finished_at) - pushedAt
  const took = Date.parse(run.finished_at) - Date.parse(run.started_at)
  console.log(
    `${PUSHES} pushes: 1 run, finished ${finished} ms after the last push: debounce ${DEBOUNCE_MS} ms, the run itself ${took} ms`,
  )
  // How long a start takes is the machine's: measured where nothing else runs.
  if (FULL) expect(finished).toBeLessThanOrEqual(DEBOUNCE_MS + took + 5_000)
}, 180_000)
