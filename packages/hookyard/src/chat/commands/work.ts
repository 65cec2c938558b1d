// /run, /runs, /why, /status: what is done, what was done and why.
import { renderTrail } from '../../explain/render-trail.ts'
import { formatDuration } from '../../lib/duration.ts'
import { type Line, textLines } from '../../send/message.ts'
import { oneLine } from '../../send/untrusted-text.ts'
import { heard } from '../../send/run-message.ts'
import type { RunQuery, RunRecord } from '../../store/store.ts'
import type { Call, ChatWorld, Command, Reply } from '../command.ts'
import { effectiveAddress } from '../effective-settings.ts'
import { ago, placeOf } from '../format.ts'
import { readEntity, readModule, readTarget, requireArgs, unfit } from '../read-args.ts'
import { muteLines } from './messages.ts'

/** Runs listed, and parts of a trail shown. */
const RUNS = 10
const PARTS = 3

export const runCommand: Command = {
  name: 'run',
  usage: 'MODULE ENTITY',
  summary: 'Start a module on a pull request, issue or repository',
  async run({ args, user, chat, updateId, now }, world) {
    requireArgs(args, 1, 2, '/run MODULE ENTITY, such as /run pr-review octocat/hello-world#42')
    const module = readModule(world.registry(), args[0] ?? '')
    const entity = args[1] === undefined ? undefined : readEntity(args[1])
    const request = { ...(entity === undefined ? {} : { entity }), key: `update-${updateId}` }
    const id = await world.startRun(user, module.name, request)
    const on = entity === undefined ? '' : ` on ${entity}`
    const result =
      entity !== undefined && world.access().isMuted(user.name, entity, now)
        ? `You muted ${entity}: no message will come of it (/unmute).`
        : `Its result comes to ${placeOf(user.address, chat.id)}.`
    return { lines: [[{ bold: module.name }, ` started${on} (run ${id}).`], [result]] }
  },
}

const STATUSES = ['queued', 'running', 'paused', 'done', 'failed', 'skipped', 'cancelled'] as const

export const runsCommand: Command = {
  name: 'runs',
  summary: 'The latest runs',
  async run({ args, user, now }, world) {
    requireArgs(args, 0, 1, '/runs, /runs MODULE, /runs ENTITY or /runs failed')
    const filter = args[0] === undefined ? {} : filterOf(args[0], world)
    const runs = await seenRuns(user, { ...filter, limit: RUNS }, world)
    if (runs.length === 0) return { lines: [['There are no such runs.']] }
    return { lines: runs.flatMap((run) => runLines(run, now)) }
  },
}

function filterOf(word: string, world: ChatWorld): Partial<RunQuery> {
  const status = STATUSES.find((one) => one === word.toLowerCase())
  if (status) return { status }
  if (/[/:]/.test(word)) return { entity: readEntity(word) }
  return { module: readModule(world.registry(), word).name }
}

/** An admin sees every run, a member those that they hear of, and may hear of now. */
async function seenRuns(user: Call['user'], query: RunQuery, world: ChatWorld): Promise<RunRecord[]> {
  const recipient = user.role === 'admin' ? {} : { recipient: user.name }
  const runs = await world.store.runs.list({ ...recipient, ...query })
  const seen = await Promise.all(runs.map((run) => world.maySee(user, run)))
  return runs.filter((_, index) => seen[index])
}

function runLines(run: RunRecord, now: number): Line[] {
  const reason = run.reason === null ? '' : ` (${run.reason})`
  const first: Line = [
    { bold: run.module },
    ` ${run.entity === '-' ? '' : `${run.entity} `}${run.status}${reason}, ${ago(run.createdAt, now)}`,
  ]
  const text = run.summary ?? run.error
  const summary =
    text === null ? [] : [[`  ${oneLine(heard(text, run.tainted).trim().split('\n')[0] ?? '', 120)}`]]
  return [first, ...summary, ['  run ', { code: run.id }]]
}

export const whyCommand: Command = {
  name: 'why',
  usage: 'ENTITY|URL|GUID',
  summary: 'What happened there, and why',
  async run({ args, user }, world) {
    requireArgs(args, 1, 1, '/why ENTITY|URL|GUID, such as /why octocat/hello-world#42')
    const trail = await world.trace(user, readTarget(args[0] ?? ''))
    if (trail === null) {
      throw unfit(
        `Nothing is known of ${oneLine(args[0] ?? '', 100)}: no such event reached this installation, or none that concerns you.`,
      )
    }
    const [deliveries, otherRuns] = [trail.deliveries.slice(0, PARTS), trail.otherRuns.slice(0, PARTS)]
    const left = trail.deliveries.length + trail.otherRuns.length - deliveries.length - otherRuns.length
    const more = left > 0 ? [[`… and ${left} more: \`hookyard why\` tells all`]] : []
    return { lines: [...textLines(renderTrail({ ...trail, deliveries, otherRuns }).trim()), ...more] }
  },
}

export const statusCommand: Command = {
  name: 'status',
  summary: 'How things stand, and your settings',
  run: status,
}

async function status(call: Call, world: ChatWorld): Promise<Reply> {
  const { args, user, chat, now } = call
  requireArgs(args, 0, 0, '/status')
  const address = effectiveAddress(call)
  const { version, upMs, agent } = world.about()
  const modules = world.registry().all()
  const on = modules.filter((module) => module.enabled).length
  return {
    lines: [
      [{ bold: 'Hookyard' }, ` ${version}, up for ${formatDuration(Math.floor(upMs / 1_000) * 1_000)}`],
      [`Agent: ${agent}`],
      [`Modules: ${on} on${on < modules.length ? `, ${modules.length - on} off` : ''} (/modules)`],
      [await runCounts(user, world)],
      ...(await queueLines(user, world)),
      [`You: ${user.name}, ${user.role}${user.hear === 'mine' ? ', hearing of what concerns you' : ''}`],
      [`Your messages go to ${placeOf(address.value, chat.id)} (${address.source})`],
      ...muteLines(call.settings, now),
    ],
  }
}

const UNFINISHED = ['queued', 'running', 'paused'] as const
const MOST = 100

async function runCounts(user: Call['user'], world: ChatWorld): Promise<string> {
  if (user.role === 'admin') {
    const { runs } = await world.store.overview.counts()
    return `Runs: ${UNFINISHED.map((one) => `${runs[one]} ${one}`).join(', ')}`
  }
  const counts = await Promise.all(
    UNFINISHED.map(async (one) => {
      const { length } = await seenRuns(user, { status: one, limit: MOST }, world)
      return `${length === MOST ? `${MOST} or more` : length} ${one}`
    }),
  )
  return `Your runs: ${counts.join(', ')}`
}

/** What an operator wants to know when something hangs. */
async function queueLines(user: Call['user'], world: ChatWorld): Promise<Line[]> {
  if (user.role !== 'admin') return []
  const { received, messages } = await world.store.overview.counts()
  return [
    [`Waiting: ${received} events, ${messages.queued} messages; ${messages.dead} messages were refused`],
  ]
}
