// One scenario, four servers, round by round; on request a fifth, Hookyard from another checkout, so that a change can
// be compared with what was before it.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import type { Load } from '../load/job.ts'
import { generatorName, sendLoad } from '../load/start.ts'
import { startMeter } from '../measure/meter.ts'
import { type Round, measureRounds } from '../measure/rounds.ts'
import { show } from '../measure/table.ts'
import { type Hookyard, startHookyard } from '../servers/hookyard.ts'
import { type Server, startStateless } from '../servers/server.ts'
import { SECRET, type Scenario } from './scenarios.ts'

export type Name = 'bare' | 'synced' | 'probot' | 'hookyard' | 'also'

export interface CompareOptions {
  readonly folder: string
  readonly rounds: number
  readonly seconds: number
  /** Requests per second of the open loop. */
  readonly rate: number
  readonly connections: number
  readonly maxStrangers: number
  readonly patienceMs: number
  readonly core: number | null
  /** Root of another checkout, measured beside this one; null: none. */
  readonly also: string | null
  readonly tell: (line: string) => void
}

/** What one server did in one round. */
export interface Slices {
  readonly closed: Load
  readonly open: Load
  /** CPU seconds of the server for the closed loop, until it was idle again; null when the system does not tell. */
  readonly closedCpu: number | null
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
  readonly names: readonly Name[]
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
  const names = [...servers.keys()]
  let accepted = 0
  const send = async (name: Name, seconds: number, rate: number | null) => {
    const server = serverOf(servers, name)
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
    const { strangers } = stopMeter()
    if (name === 'hookyard') accepted += load.accepted
    if (load.refused + load.broken > 0) {
      throw new Error(
        `${name} refused ${load.refused} requests and broke ${load.broken}: there is nothing to compare`,
      )
    }
    const since = performance.now()
    await server.idle()
    return { load, strangers, drainSeconds: (performance.now() - since) / 1_000, cpu: stopMeter().serverCpu }
  }

  async function measure(name: Name) {
    const closed = await send(name, options.seconds, null)
    const open = await send(name, options.seconds, options.rate)
    const strangers = Math.max(closed.strangers ?? 0, open.strangers ?? 0)
    const { drainSeconds, cpu: closedCpu } = closed
    return { result: { closed: closed.load, open: open.load, drainSeconds, closedCpu }, strangers }
  }

  try {
    for (const name of names) await send(name, FIRST_SECONDS, null)
    const rounds = await measureRounds({
      names,
      rounds: options.rounds,
      maxStrangers: options.maxStrangers,
      patienceMs: options.patienceMs,
      measure,
      onRound: (round, done) => {
        tell(`  round ${done}: ${summary(round)}`)
      },
    })
    const hookyard = serverOf(servers, 'hookyard') as Hookyard
    return {
      scenario,
      options: shown,
      names,
      generator: generatorName(),
      rounds,
      kept: countKept(hookyard, accepted),
    }
  } finally {
    await Promise.all([...servers.values()].map((server) => server.stop()))
  }
}

function serverOf(servers: ReadonlyMap<Name, Server>, name: Name): Server {
  const server = servers.get(name)
  if (!server) throw new Error(`the server ${name} was not started`)
  return server
}

async function startAll(
  { events }: Scenario,
  { folder, core, also }: CompareOptions,
): Promise<ReadonlyMap<Name, Server>> {
  const at = (file: string) => join(import.meta.dirname, '..', ...file.split('/'))
  if (!existsSync(at('node_modules/probot')))
    throw new Error('Probot is not installed: run `node bench/install.js` first')
  const starts: Record<Name, (() => Promise<Server>) | null> = {
    bare: () => startStateless(at('servers/bare.ts'), [SECRET], '/webhook/github', core),
    synced: () =>
      startStateless(at('servers/synced.ts'), [SECRET, join(folder, 'synced.log')], '/webhook/github', core),
    probot: () => startStateless(at('servers/probot.js'), [SECRET, ...events], '/api/github/webhooks', core),
    hookyard: () => startHookyard(SECRET, { folder: join(folder, 'hookyard'), core }),
    also:
      also === null ? null : () => startHookyard(SECRET, { folder: join(folder, 'also'), core, root: also }),
  }
  const servers = new Map<Name, Server>()
  try {
    for (const [name, start] of Object.entries(starts)) if (start) servers.set(name as Name, await start())
    return servers
  } catch (error) {
    await Promise.all([...servers.values()].map((server) => server.stop()))
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
    ...Object.entries(results).map(([name, { closed, open }]) => {
      return `${name} ${show(closed.perSecond)}/s, p99 ${show(open.p99)} ms`
    }),
    `strangers ${((strangers ?? 0) * 100).toFixed(0)} %`,
  ].join('; ')
