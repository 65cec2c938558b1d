// Can strangers, or who holds the secret, stop the intake? Deliveries at a fixed rate, in turn alone and beside an attack
// from the same address; then 20 signed bodies of 25 MiB. `npm run bench:strangers -- --help`.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { SECRET, prepareScenario } from '../accept/scenarios.ts'
import type { Load } from '../load/job.ts'
import { generatorName, sendLoad } from '../load/start.ts'
import { spreadOf, median } from '../measure/median.ts'
import { startMeter } from '../measure/meter.ts'
import { measureRounds } from '../measure/rounds.ts'
import { show, table } from '../measure/table.ts'
import { startHookyard } from '../servers/hookyard.ts'
import { type Dense, SCENES, sendDense, sendToReader } from './dense.ts'

const NAMES = ['quiet', 'attacked'] as const
const MAX_RATIO = 3
const MAX_PEAK_MIB = 700
const MAX_HEALTH_MS = 100

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '5' },
    rate: { type: 'string', default: '200' },
    strangers: { type: 'string', default: '0.1' },
    patience: { type: 'string', default: '600' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  process.stdout.write(
    'node bench/strangers/run.ts [--rounds N (5)] [--seconds S (5)] [--rate DELIVERIES_PER_SECOND (200)]\n' +
      '  [--strangers SHARE (0.1)] [--patience S (600)] [--json]\n',
  )
  process.exit()
}

const folder = join(import.meta.dirname, '..', 'data', `strangers-${process.pid}`)
mkdirSync(folder, { recursive: true })
const { shots } = prepareScenario('pull_request', folder)
try {
  const rounds = await measureAttack()
  const floor = await sendToReader(SCENES['lists of {}'])
  const dense: [string, Dense][] = []
  for (const [name, body] of Object.entries(SCENES)) {
    dense.push([name, await sendDense(body, join(folder, name.replaceAll(/\W/g, '-')))])
  }
  const refused = rounds.reduce(
    (sum, { results }) => sum + results.attacked.refused + results.attacked.broken,
    0,
  )
  const ratio = spreadOf(rounds.map(({ results }) => results.attacked.p99 / results.quiet.p99))
  const isHeld =
    refused === 0 &&
    ratio.median <= MAX_RATIO &&
    dense.every(([, { peakMiB, health }]) => (peakMiB ?? 0) < MAX_PEAK_MIB && health.p99 < MAX_HEALTH_MS)
  if (values.json)
    process.stdout.write(`${JSON.stringify({ generator: generatorName(), rounds, floor, dense }, null, 2)}\n`)
  else
    process.stdout.write(
      `${attackTable(rounds, ratio)}\n\n${denseTable([['to a server that only reads', floor], ...dense])}\n\ntargets: ${isHeld ? 'held' : 'MISSED'}\n`,
    )
  process.exitCode = isHeld ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function measureAttack() {
  const hookyard = await startHookyard(SECRET, { folder: join(folder, 'hookyard') })
  const send = () =>
    sendLoad({
      port: hookyard.port,
      path: hookyard.path,
      shots,
      connections: 32,
      warmupSeconds: 1,
      seconds: Number(values.seconds),
      rate: Number(values.rate),
      maxRequests: null,
    })
  try {
    await send()
    return await measureRounds({
      names: NAMES,
      rounds: Number(values.rounds),
      maxStrangers: Number(values.strangers),
      patienceMs: Number(values.patience) * 1_000,
      measure: async (name) => {
        const stopAttack = name === 'attacked' ? await startAttack(hookyard.port) : async () => undefined
        const stopMeter = startMeter(hookyard.pid)
        const result = await send()
        const { strangers } = stopMeter()
        await stopAttack()
        await hookyard.idle()
        // The attack's own processor time is no other program's; only the quiet slice can tell.
        return { result, strangers: name === 'quiet' ? strangers : null }
      },
      onRound: ({ results }, done) => {
        const each = NAMES.map((name) => `${name} p99 ${show(results[name].p99)} ms`).join('; ')
        process.stderr.write(`round ${done}: ${each}; refused ${results.attacked.refused}\n`)
      },
    })
  } finally {
    await hookyard.stop()
  }
}

/** Resolves when all connections of the attack have begun; the answer ends it. */
async function startAttack(port: number): Promise<() => Promise<unknown>> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'attack.ts'), String(port)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return () => {
    const ended = once(child, 'exit')
    child.stdin.end()
    return ended
  }
}

type Rounds = Awaited<ReturnType<typeof measureAttack>>

function attackTable(rounds: Rounds, ratio: { median: number; min: number; max: number }): string {
  const rows = NAMES.map((name) => {
    const of = (key: 'p50' | 'p99' | 'max') => show(median(rounds.map(({ results }) => results[name][key])))
    const sum = (count: (load: Load) => number) =>
      String(rounds.reduce((all, { results }) => all + count(results[name]), 0))
    const to = name === 'quiet' ? '1' : `${show(ratio.median)} (${show(ratio.min)} to ${show(ratio.max)})`
    return [
      name,
      sum((load) => load.accepted),
      sum((load) => load.refused + load.broken),
      of('p50'),
      of('p99'),
      of('max'),
      to,
    ]
  })
  return (
    `intake at ${values.rate}/s; the attack: 64 connections that stall with 269 MB, 2,000 that say nothing; generator ${generatorName()}\n\n` +
    table(['intake', 'accepted', 'refused', 'p50 ms', 'p99 ms', 'max ms', 'p99 to quiet'], rows)
  )
}

function denseTable(scenes: readonly [string, Dense][]): string {
  return table(
    ['20 signed bodies of 25 MiB', 'answers', 'seconds', 'peak MiB', '/health p99 ms', 'max ms'],
    scenes.map(([name, { statuses, seconds, peakMiB, health }]) => [
      name,
      Object.entries(statuses)
        .map(([status, count]) => `${count} × ${status}`)
        .join(', '),
      show(seconds),
      peakMiB === null ? '?' : show(peakMiB),
      show(health.p99),
      show(health.max),
    ]),
  )
}
