// Does a module that misbehaves slow the intake down? One bad run is started every second while deliveries arrive
// at a fixed rate; the slices with and without it alternate. So do those of the server that only syncs, alone and beside
// a process that spins with the priority of a module: what this machine does to any server that waits for its disk.
// `npm run bench:noisy-module -- --help`.
import { spawn } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { lowerPriority } from '../../packages/hookyard/src/run/process-tree.ts'
import { SECRET, prepareScenario } from '../accept/scenarios.ts'
import type { Load } from '../load/job.ts'
import { generatorName, sendLoad } from '../load/start.ts'
import { median, spreadOf } from '../measure/median.ts'
import { startMeter } from '../measure/meter.ts'
import { type Round, measureRounds } from '../measure/rounds.ts'
import { show, table } from '../measure/table.ts'
import { type Hookyard, startHookyard } from '../servers/hookyard.ts'
import { type Server, startStateless } from '../servers/server.ts'

const MODULES = ['quiet', 'spins', 'leaks', 'exits'] as const
const MACHINE = ['synced', 'syncedSpins'] as const
const NAMES = [...MODULES, ...MACHINE] as const
type Module = (typeof MODULES)[number]
type Name = (typeof NAMES)[number]
const LIMIT = 1.5
/** How long the last bad runs may take to end. */
const RUNS_END_MS = 60_000

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '5' },
    rate: { type: 'string', default: '1000' },
    every: { type: 'string', default: '1000' },
    strangers: { type: 'string', default: '0.1' },
    patience: { type: 'string', default: '600' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  process.stdout.write(
    'node bench/noisy-module/run.ts [--rounds N (5)] [--seconds S (5)] [--rate DELIVERIES_PER_SECOND (1000)]\n' +
      '  [--every MS_BETWEEN_BAD_RUNS (1000)] [--strangers SHARE (0.1)] [--patience S (600)] [--json]\n',
  )
  process.exit()
}

const folder = join(import.meta.dirname, '..', 'data', `noisy-module-${process.pid}`)
mkdirSync(folder, { recursive: true })
const { shots } = prepareScenario('pull_request', folder)
const hookyard = await startHookyard(SECRET, {
  folder: join(folder, 'hookyard'),
  settings: { module_dirs: [join(import.meta.dirname, 'modules')] },
})
const syncedFile = join(import.meta.dirname, '..', 'servers', 'synced.ts')
const synced = await startStateless(syncedFile, [SECRET, join(folder, 'bodies')], '/webhook/github', null)
try {
  await besideModule('quiet')
  await besideSpinner(false)
  const rounds = await measureRounds({
    names: NAMES,
    rounds: Number(values.rounds),
    maxStrangers: Number(values.strangers),
    patienceMs: Number(values.patience) * 1_000,
    measure: (name) =>
      name === 'synced' || name === 'syncedSpins'
        ? besideSpinner(name === 'syncedSpins')
        : besideModule(name),
    onRound: (round, done) => {
      process.stderr.write(`round ${done}: ${summary(round)}\n`)
    },
  })
  const ratios = (name: Name, to: Name = 'quiet') =>
    rounds.map(({ results }) => results[name].p99 / results[to].p99)
  const worst = Math.max(...MODULES.map((name) => median(ratios(name))))
  if (values.json)
    process.stdout.write(`${JSON.stringify({ generator: generatorName(), rounds }, null, 2)}\n`)
  else {
    const machine = spreadOf(ratios('syncedSpins', 'synced'))
    const rows = MODULES.map((name) => {
      const { median: middle, min, max } = spreadOf(ratios(name))
      const of = (key: 'p50' | 'p99' | 'badRuns') =>
        show(median(rounds.map(({ results }) => results[name][key])))
      return [name, of('badRuns'), of('p50'), of('p99'), show(middle), `${show(min)} to ${show(max)}`]
    })
    process.stdout.write(
      `intake at ${values.rate}/s, a bad run started every ${values.every} ms; generator ${generatorName()}\n\n` +
        `${table(['module', 'bad runs', 'p50 ms', 'p99 ms', 'p99 to quiet', 'spread'], rows)}\n\n` +
        `worst: ${show(worst)}; target <= ${LIMIT}: ${worst <= LIMIT ? 'held' : 'MISSED'}\n` +
        'the server that only syncs, beside a process that spins, to itself alone: ' +
        `${show(machine.median)} (${show(machine.min)} to ${show(machine.max)})\n`,
    )
  }
  process.exitCode = worst <= LIMIT ? 0 : 1
} finally {
  await Promise.all([hookyard.stop(), synced.stop()])
  rmSync(folder, { recursive: true, force: true })
}

function summary({ results, strangers }: Round<Name, Load>): string {
  const each = NAMES.map((name) => `${name} p99 ${show(results[name].p99)} ms`).join('; ')
  return `${each}; strangers ${((strangers ?? 0) * 100).toFixed(0)} %`
}

async function besideModule(name: Module) {
  const stopMeter = startMeter(hookyard.pid)
  const stopRuns = name === 'quiet' ? () => 0 : startBadRuns(hookyard, name, Number(values.every))
  const load = await send(hookyard)
  const badRuns = stopRuns()
  const { strangers } = stopMeter()
  await runsEnded()
  // The module's own processor time is no stranger's; only the quiet slice can tell.
  return { result: { ...load, badRuns }, strangers: name === 'quiet' ? strangers : null }
}

async function besideSpinner(spins: boolean) {
  const stopMeter = startMeter(synced.pid)
  // In a session of its own, as a module's process is; it ends by itself should nobody be left to end it.
  const spin = `for (const end = Date.now() + ${(Number(values.seconds) + 30) * 1_000}; Date.now() < end;);`
  const spinner = spins ? spawn(process.execPath, ['-e', spin], { detached: true, stdio: 'ignore' }) : null
  if (spinner?.pid !== undefined) lowerPriority(spinner.pid)
  try {
    const load = await send(synced)
    const { strangers } = stopMeter()
    return { result: { ...load, badRuns: 0 }, strangers: spins ? null : strangers }
  } finally {
    spinner?.kill('SIGKILL')
  }
}

/** @throws Error when a delivery was refused, or a connection broke. */
async function send({ port, path }: Server): Promise<Load> {
  const load = await sendLoad({
    port,
    path,
    shots,
    connections: 64,
    warmupSeconds: 1,
    seconds: Number(values.seconds),
    rate: Number(values.rate),
    maxRequests: null,
  })
  if (load.refused + load.broken > 0)
    throw new Error(`${load.refused} deliveries were refused, ${load.broken} broken`)
  return load
}

/** Starts a run now and then; the answer stops that and tells how many there were. */
function startBadRuns({ port, token }: Hookyard, module: Module, everyMs: number): () => number {
  let started = 0
  const timer = setInterval(() => {
    started += 1
    fetch(`http://127.0.0.1:${port}/api/modules/${module}/invoke`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: '{}',
    }).then(
      (answer) => {
        if (answer.status !== 202) process.stderr.write(`invoke ${module}: ${answer.status}\n`)
      },
      (error: unknown) => process.stderr.write(`invoke ${module}: ${String(error)}\n`),
    )
  }, everyMs)
  return () => {
    clearInterval(timer)
    return started
  }
}

async function runsEnded(): Promise<void> {
  for (let waited = 0; waited < RUNS_END_MS; waited += 100) {
    if (hookyard.count().unfinishedRuns === 0) return hookyard.idle()
    await delay(100)
  }
  throw new Error('the bad runs did not end')
}
