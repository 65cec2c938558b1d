// `hookyard check --online`: what only the outside can tell. Each check is alone: one that fails hides no other.
import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { existsSync } from 'node:fs'
import { Api } from 'grammy'
import { createAgent } from '../broker/agent/agent.ts'
import { type GitHub, createGitHub } from '../broker/github/client.ts'
import { telegramChat } from '../config/address.ts'
import type { Config } from '../config/config.ts'
import { type Fault, placeIn, type Problem, problemAt } from '../config/problem.ts'
import { toError } from '../lib/errors.ts'
import { systemClock } from '../lib/clock.ts'
import { silentLog } from '../lib/log.ts'
import type { Installation } from '../registry/load.ts'

/** Free space below which SQLite and its log soon stop, in bytes. */
const LITTLE_SPACE = 512 * 1024 * 1024
/** A clock further off than this breaks App tokens, in ms. */
const CLOCK_TOLERANCE_MS = 60_000
const TIMEOUT_MS = 10_000

type Check = (installation: Installation) => Promise<readonly Problem[]>

/** The checks that ask GitHub, Telegram, the agent, the disk and the clock. */
export const onlineChecks: readonly Check[] = [checkGitHub, checkTelegram, checkAgent, checkDisk]

/** One problem of this key. */
function wrong(config: Config, key: string, fault: Fault): Problem[] {
  return [problemAt(placeIn(config.file ?? 'environment', key), fault)]
}

/** The credentials, every repository that is named in full, its webhook, and GitHub's clock. */
async function checkGitHub({ config }: Installation): Promise<readonly Problem[]> {
  const { token, app, apiUrl, intake } = config.github
  if (token === null && app === null) return []
  const repositories = namedRepositories(config)
  const [first] = repositories
  if (first === undefined) return clockProblems(config, apiUrl)
  try {
    const options = { clock: systemClock, log: silentLog, timeoutMs: TIMEOUT_MS }
    const github = createGitHub({ apiUrl, token, app, ...options })
    await github.ownLogin(first)
    const found = await Promise.all(
      repositories.map((name) => checkRepository(config, github, name, intake !== 'poll')),
    )
    return [...found.flat(), ...(await clockProblems(config, apiUrl))]
  } catch (thrown) {
    const expected = `credentials that ${apiUrl} takes`
    return wrong(config, 'github', { found: toError(thrown).message, expected })
  }
}

function namedRepositories(config: Config): string[] {
  const patterns = [...config.repos, ...config.users.flatMap((user) => user.repos)]
  return [...new Set(patterns.filter((pattern) => !pattern.endsWith('/*')))]
}

async function checkRepository(
  config: Config,
  github: GitHub,
  name: string,
  webhook: boolean,
): Promise<Problem[]> {
  const { status } = await github.send(name, { method: 'GET', path: `/repos/${name}` })
  if (status !== 200) {
    const expected = 'a repository that the credentials may read'
    return wrong(config, 'repos', { found: `${name} (GitHub answers ${status})`, expected })
  }
  const { publicUrl } = config.server
  if (!webhook || publicUrl === null) return []
  const hooks = await github.send(name, { method: 'GET', path: `/repos/${name}/hooks?per_page=100` })
  if (hooks.status !== 200) return [] // only administrators may list them
  const wanted = `${publicUrl.replace(/\/+$/, '')}/webhook/github`
  const list = JSON.parse(Buffer.from(hooks.body).toString('utf8')) as {
    active: boolean
    config: { url?: string }
  }[]
  if (list.some((hook) => hook.active && hook.config.url === wanted)) return []
  const hint = `add it under Settings, Webhooks of ${name}`
  return wrong(config, 'repos', { found: `no active webhook of ${name} to ${wanted}`, expected: 'one', hint })
}

async function clockProblems(config: Config, apiUrl: string): Promise<Problem[]> {
  const answer = await fetch(apiUrl, { method: 'HEAD', signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(
    (thrown: unknown) => toError(thrown),
  )
  if (answer instanceof Error)
    return wrong(config, 'github.api_url', { found: answer.message, expected: `an answer from ${apiUrl}` })
  const theirs = Date.parse(answer.headers.get('date') ?? '')
  const off = systemClock() - theirs
  if (!Number.isFinite(off) || Math.abs(off) <= CLOCK_TOLERANCE_MS) return []
  const found = `a clock that is ${Math.round(off / 1_000)} s off`
  return wrong(config, '', { found, expected: 'the time of GitHub', hint: 'switch time synchronisation on' })
}

async function checkTelegram({ config }: Installation): Promise<readonly Problem[]> {
  const { botToken, apiUrl } = config.telegram
  if (botToken === null) return []
  const api = new Api(botToken, { apiRoot: apiUrl, timeoutSeconds: TIMEOUT_MS / 1_000 })
  const failureOf = (request: Promise<unknown>) =>
    request.then(
      () => null,
      (thrown: unknown) => toError(thrown).message.replaceAll(botToken, '…'),
    )
  const refused = await failureOf(api.getMe())
  if (refused !== null) {
    const fault = { found: refused, expected: `a token that ${apiUrl} knows`, hint: 'ask @BotFather for it' }
    return wrong(config, 'telegram.bot_token', fault)
  }
  const chats = config.users.flatMap(({ address }) => telegramChat(address) ?? [])
  const found = await Promise.all(
    [...new Set(chats)].map(async (chat) => {
      const failure = await failureOf(api.getChat(chat))
      const expected = 'a chat that the bot may write to'
      const fault = { found: `chat ${chat}: ${failure}`, expected, hint: 'send /start to the bot there' }
      return failure === null ? [] : wrong(config, 'users', fault)
    }),
  )
  return found.flat()
}

/** The back-end is asked one short question, which costs a fraction of a cent. */
async function checkAgent({ config, env }: Installation): Promise<readonly Problem[]> {
  try {
    const agent = createAgent(config.agent, { environment: env, log: silentLog, clock: systemClock })
    if (agent.describe().backend === 'offline') return []
    await agent.run(
      { prompt: 'Answer with the one word: ready' },
      { maxUsd: 0.25, signal: AbortSignal.timeout(60_000) },
    )
    return []
  } catch (thrown) {
    return wrong(config, 'agent', { found: toError(thrown).message, expected: 'an agent that answers' })
  }
}

async function checkDisk({ config }: Installation): Promise<readonly Problem[]> {
  let folder = config.dataDir
  while (!existsSync(folder)) folder = dirname(folder)
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  if (free >= LITTLE_SPACE) return []
  const mib = (bytes: number) => `${Math.round(bytes / 1024 / 1024)} MiB`
  const fault = { found: `${mib(free)} free at ${folder}`, expected: `at least ${mib(LITTLE_SPACE)}` }
  return wrong(config, 'data_dir', fault)
}
