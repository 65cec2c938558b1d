// The demo's world: the real service on a real database, between stand-ins for GitHub, Telegram and the AI.
import { createServer } from 'node:net'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { secretsOf } from '../../config/secrets.ts'
import { environment } from '../../config/env.ts'
import { silentLog } from '../../lib/log.ts'
import { createLogger } from '../../lib/logger.ts'
import { type Opened, closeAll, startService } from '../../compose/main.ts'
import { loadInstallation } from '../../registry/load.ts'
import { standinAgent } from '@hookyard/standins/agent'
import { startGitHub } from '@hookyard/standins/github'
import { signedHeaders } from '@hookyard/standins/payloads'
import { startTelegram } from '@hookyard/standins/telegram'
import { builtinModuleDirs, version } from '../package.ts'

export type DemoWorld = Awaited<ReturnType<typeof open>>

export const USERS = { reviewing: 'ada', listening: 'grace' } as const

/**
 * Starts everything. The service listens on `port`, or on a free one when it is taken.
 * @throws ConfigError when the service cannot start; nothing stays open then
 */
export async function openDemoWorld(port: number): Promise<DemoWorld> {
  const opened: Opened = []
  try {
    return await open(port, opened)
  } catch (thrown) {
    await closeAll(opened, silentLog).catch(() => undefined)
    throw thrown
  }
}

async function open(port: number, opened: Opened) {
  const dir = await mkdtemp(join(tmpdir(), 'hookyard-demo-'))
  opened.push({ name: 'folder', close: () => rm(dir, { recursive: true, force: true }) })
  const secret = randomBytes(24).toString('base64url')
  const token = randomBytes(24).toString('base64url')
  const botToken = `${randomBytes(3).readUIntBE(0, 3)}:${randomBytes(24).toString('base64url')}`
  const githubToken = `ghp_${randomBytes(24).toString('hex')}`
  const gate = join(dir, 'gate')
  await writeFile(gate, '')
  const [github, telegram] = await Promise.all([
    startGitHub({ token: githubToken }),
    startTelegram({ token: botToken }),
  ])
  opened.push({ name: 'stand-ins', close: () => Promise.all([github.close(), telegram.close()]) })
  const configFile = join(dir, 'hookyard.yaml')
  const config = {
    repos: ['codertocat/*'],
    server: { port: await freePort(port) },
    github: { webhook_secret: secret, token: githubToken, api_url: github.url },
    telegram: { bot_token: botToken, api_url: telegram.url, updates: 'off' },
    agent: { backend: 'claude-cli', command: standinAgent(), env: { HOOKYARD_STANDIN_GATE: gate } },
    api_tokens: [{ name: 'demo', token, user: USERS.reviewing, scopes: ['*'] }],
    ...SETTINGS,
  }
  await writeFile(
    configFile,
    `# The configuration of this demo. Delete the folder when you are done.\n${stringify(config)}`,
    { mode: 0o600 },
  )

  const env = environment()
  const installation = await loadInstallation({
    file: configFile,
    env,
    cwd: dir,
    builtinModuleDirs: builtinModuleDirs(),
  })
  const log = createLogger({ level: 'error', format: 'pretty', secrets: secretsOf(installation.config) })
  const service = await startService({ installation, log, version: version() })
  opened.push({ name: 'service', close: () => service.stop(1_000) })
  let sent = 0
  return {
    service,
    github,
    telegram,
    /** A user's token for the API. */
    token,
    /** The configuration, for the commands to try. */
    configFile,
    /** While this file is missing the AI thinks; `GATE.waiting` says that it does. */
    gate,
    /** Posts a webhook as GitHub does; another `secret` signs it wrongly. */
    async post(event: string, payload: unknown, options: { secret?: string } = {}) {
      const body = JSON.stringify(payload)
      sent += 1
      const guid = `demo-${sent}-${randomBytes(4).toString('hex')}`
      const headers = signedHeaders(options.secret ?? secret, body, { event, guid })
      const before = performance.now()
      const answer = await fetch(`${service.url}/webhook/github`, { method: 'POST', body, headers })
      const said = (await answer.json()) as unknown
      return { status: answer.status, guid, body: said, tookMs: performance.now() - before }
    },
    close: () => closeAll(opened, silentLog),
  }
}

const SETTINGS = {
  users: [
    {
      name: USERS.reviewing,
      role: 'admin',
      chat_id: 111,
      repos: ['codertocat/*'],
      features: { pr_review: true, issue_triage: true },
    },
    { name: USERS.listening, chat_id: 222, repos: ['codertocat/*'] },
  ],
  // Short waits, so that the tour takes seconds; the defaults are 30s and 5m.
  modules: {
    'pr-review': { debounce: '1s', max_wait: '10s', cooldown: '1s', retries: { max: 3, backoff: '1s' } },
  },
}

/** The wanted port, or any free one. */
async function freePort(wanted: number): Promise<number> {
  const tryPort = (port: number) =>
    new Promise<number | null>((resolve) => {
      const probe = createServer()
      probe.once('error', () => resolve(null))
      probe.listen(port, '127.0.0.1', () => {
        const address = probe.address()
        probe.close(() => resolve(typeof address === 'object' && address ? address.port : port))
      })
    })
  return (await tryPort(wanted)) ?? (await tryPort(0)) ?? 0
}
