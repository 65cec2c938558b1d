// `hookyard check --online`: what only the outside can tell. Each check is alone: one that fails hides no other.
import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { existsSync } from 'node:fs'
import { Api } from 'grammy'
import { createAgent } from '../broker/agent/agent.ts'
import { type GitHub, createGitHub } from '../broker/github/client.ts'
import type { Config } from '../config/config.ts'
import type { Problem } from '../config/problem.ts'
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

const problem = (
  config: Config,
  key: string,
  found: string,
  expected: string,
  hint: string | null = null,
): Problem => ({
  file: config.file ?? 'environment',
  line: 0,
  column: 0,
  key,
  found,
  expected,
  hint,
})

/** The credentials, every repository that is named in full, its webhook, and GitHub's clock. */
async function checkGitHub({ config }: Installation): Promise<readonly Problem[]> {
  const { token, app, apiUrl, intake } = config.github
  if (token === null && app === null) return []
  const repositories = namedRepositories(config)
  const [first] = repositories
  if (first === undefined) return clockProblems(config, apiUrl)
  try {
    const github = createGitHub({
      apiUrl,
      token,
      app,
      clock: systemClock,
      log: silentLog,
      timeoutMs: TIMEOUT_MS,
    })
    await github.ownLogin(first)
    const found = await Promise.all(
      repositories.map((name) => checkRepository(config, github, name, intake !== 'poll')),
    )
    return [...found.flat(), ...(await clockProblems(config, apiUrl))]
  } catch (thrown) {
    return [problem(config, 'github', toError(thrown).message, `credentials that ${apiUrl} takes`)]
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
    return [
      problem(
        config,
        'repos',
        `${name} (GitHub answers ${status})`,
        'a repository that the credentials may read',
      ),
    ]
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
  return [
    problem(
      config,
      'repos',
      `no active webhook of ${name} to ${wanted}`,
      'one',
      `add it under Settings, Webhooks of ${name}`,
    ),
  ]
}

async function clockProblems(config: Config, apiUrl: string): Promise<Problem[]> {
  const answer = await fetch(apiUrl, { method: 'HEAD', signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(
    (thrown: unknown) => toError(thrown),
  )
  if (answer instanceof Error)
    return [problem(config, 'github.api_url', answer.message, `an answer from ${apiUrl}`)]
  const theirs = Date.parse(answer.headers.get('date') ?? '')
  const off = systemClock() - theirs
  if (!Number.isFinite(off) || Math.abs(off) <= CLOCK_TOLERANCE_MS) return []
  return [
    problem(
      config,
      '',
      `a clock that is ${Math.round(off / 1_000)} s off`,
      'the time of GitHub',
      'switch time synchronisation on',
    ),
  ]
}

async function checkTelegram({ config }: Installation): Promise<readonly Problem[]> {
  const { botToken, apiUrl } = config.telegram
  if (botToken === null) return []
  const api = new Api(botToken, { apiRoot: apiUrl, timeoutSeconds: TIMEOUT_MS / 1_000 })
  try {
    await api.getMe()
  } catch (thrown) {
    const said = toError(thrown).message.replaceAll(botToken, '…')
    return [
      problem(config, 'telegram.bot_token', said, `a token that ${apiUrl} knows`, 'ask @BotFather for it'),
    ]
  }
  const chats = config.users.flatMap(({ address }) =>
    address?.startsWith('telegram:') ? [address.slice('telegram:'.length)] : [],
  )
  const found = await Promise.all(
    [...new Set(chats)].map(async (chat) => {
      const error = await api.getChat(chat).then(
        () => null,
        (thrown: unknown) => toError(thrown).message.replaceAll(botToken, '…'),
      )
      return error === null
        ? []
        : [
            problem(
              config,
              'users',
              `chat ${chat}: ${error}`,
              'a chat that the bot may write to',
              'send /start to the bot there',
            ),
          ]
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
    return [problem(config, 'agent', toError(thrown).message, 'an agent that answers')]
  }
}

async function checkDisk({ config }: Installation): Promise<readonly Problem[]> {
  let folder = config.dataDir
  while (!existsSync(folder)) folder = dirname(folder)
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  if (free >= LITTLE_SPACE) return []
  return [
    problem(
      config,
      'data_dir',
      `${Math.round(free / 1024 / 1024)} MiB free at ${folder}`,
      `at least ${LITTLE_SPACE / 1024 / 1024} MiB`,
    ),
  ]
}
