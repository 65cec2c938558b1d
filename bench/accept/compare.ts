// One scenario, three servers, round by round.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import type { Load } from '../load/job.ts'
import { generatorName, sendLoad } from '../load/start.ts'
import { type Usage, startMeter } from '../measure/meter.ts'
import { type Round, measureRounds } from '../measure/rounds.ts'
import { show } from '../measure/table.ts'
import { type Hookyard, startHookyard } from '../servers/hookyard.ts'
import { type Server, startStateless } from '../servers/server.ts'
import { SECRET, type Scenario } from './scenarios.ts'

export const NAMES = ['bare', 'probot', 'hookyard'] as const
export type Name = (typeof NAMES)[number]

export interface CompareOptions {
  readonly folder: string
  readonly rounds: number
  readonly seconds: number
  /** Requests per second of the open loop. */
  readonly rate: number
  readonly connections: number
  readonly maxStrangers: number
  readonly core: number | null
  readonly tell: (line: string) => void
}

/** What one server did in one round. */
export interface Slices {
  readonly closed: Load & Pick<Usage, 'serverCpu'>
  readonly open: Load & Pick<Usage, 'serverCpu'>
  /** After the closed loop: seconds until everything that was accepted had been decided and sent. */
  readonly drainSeconds: number
}

/** What the database held in the end, beside what was answered with 2xx. */
export interface Kept {
  readonly accepted: number
  readonly stored: number
  readonly missing: number
  readonly undecided: number
  readonly decisions: number
  readonly messages: number
}

export interface Comparison {
  readonly scenario: Pick<Scenario, 'name' | 'says' | 'bytes'>
  readonly options: Omit<CompareOptions, 'folder' | 'tell'>
  readonly generator: string
  readonly rounds: readonly Round<Name, Slices>[]
  readonly kept: Kept
}

const WARMUP_SECONDS = 0.5
/** Once, before the first round: code gets compiled, tables get pages. */
const FIRST_SECONDS = 3

/** @throws Error when a server cannot be started, a load failed, or Hookyard refused a delivery. */
export async function compare(scenario: Scenario, options: CompareOptions): Promise<Comparison> {
  const { folder: _, tell, ...shown } = options
  const servers = await startAll(scenario, options)
  let accepted = 0
  const send = async (name: Name, seconds: number, rate: number | null) => {
    const server = servers[name]
    const stopMeter = startMeter(server.pid)
    const load = await sendLoad({
      port: server.port,
      path: server.path,
      shots: scenario.shots,
      connections: options.connections,
      warmupSeconds: WARMUP_SECONDS,
      seconds,
      rate,
      maxRequests: null,
    })
    const { serverCpu, strangers } = stopMeter()
    if (name === 'hookyard') accepted += load.accepted
    if (load.refused + load.broken > 0) tell(`  ${name}: ${load.refused} refused, ${load.broken} broken`)
    return { load: { ...load, serverCpu }, strangers }
  }

  async function measure(name: Name) {
    const closed = await send(name, options.seconds, null)
    const since = performance.now()
    await servers[name].idle()
    const drainSeconds = (performance.now() - since) / 1_000
    const open = await send(name, options.seconds, options.rate)
    await servers[name].idle()
    const strangers = Math.max(closed.strangers ?? 0, open.strangers ?? 0)
    return { result: { closed: closed.load, open: open.load, drainSeconds }, strangers }
  }

  try {
    for (const name of NAMES) {
      await send(name, FIRST_SECONDS, null)
      await servers[name].idle()
    }
    const rounds = await measureRounds({
      names: NAMES,
      rounds: options.rounds,
      maxStrangers: options.maxStrangers,
      maxRounds: options.rounds * 3,
      measure,
      onRound: (round, quiet, measured) => tell(`  round ${measured} (${quiet} quiet): ${summary(round)}`),
    })
    return {
      scenario,
      options: shown,
      generator: generatorName(),
      rounds,
      kept: countKept(servers.hookyard, accepted),
    }
  } finally {
    await Promise.all(Object.values(servers).map((server) => server.stop()))
  }
}

async function startAll({ events }: Scenario, { folder, core }: CompareOptions) {
  const at = (file: string) => join(import.meta.dirname, '..', ...file.split('/'))
  if (!existsSync(at('node_modules/probot')))
    throw new Error('Probot is not installed: run `node bench/install.js` first')
  const started: Server[] = []
  const keep = <S extends Server>(server: S): S => {
    started.push(server)
    return server
  }
  try {
    return {
      bare: keep(await startStateless(at('servers/bare.ts'), [SECRET], '/webhook/github', core)),
      probot: keep(
        await startStateless(at('servers/probot.js'), [SECRET, ...events], '/api/github/webhooks', core),
      ),
      hookyard: keep(await startHookyard(SECRET, { folder: join(folder, 'hookyard'), core })),
    }
  } catch (error) {
    await Promise.all(started.map((server) => server.stop()))
    throw error
  }
}

function countKept(hookyard: Hookyard, accepted: number): Kept {
  const { deliveries, undecided, undispatched, decisions, messages } = hookyard.count()
  return {
    accepted,
    stored: deliveries,
    missing: Math.max(0, accepted - deliveries),
    undecided: undecided + undispatched,
    decisions,
    messages,
  }
}

const summary = ({ results, strangers }: Round<Name, Slices>) =>
  [
    ...NAMES.map((name) => {
      const { closed, open } = results[name]
      return `${name} ${show(closed.perSecond)}/s, p99 ${show(open.p99)} ms`
    }),
    `strangers ${((strangers ?? 0) * 100).toFixed(0)} %`,
  ].join('; ')
