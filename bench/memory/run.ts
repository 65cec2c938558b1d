// Does the service's memory stay bounded? Deliveries are sent in steps as fast as they are accepted; after each step,
// when all of it has been dispatched, the resident memory of the service process is read.
// `npm run bench:memory -- --help`.
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { SECRET, prepareScenario } from '../accept/scenarios.ts'
import { generatorName, sendLoad } from '../load/start.ts'
import { median } from '../measure/median.ts'
import { residentMib } from '../measure/meter.ts'
import { show, table } from '../measure/table.ts'
import { startHookyard } from '../servers/hookyard.ts'

/** The share of the steps in which the process may still grow into its work. */
const WARMUP = 0.25
/** How much larger the end may be than what was seen after the warm-up. */
const LIMIT = 1.25

const { values } = parseArgs({
  options: {
    deliveries: { type: 'string', default: '200000' },
    step: { type: 'string', default: '10000' },
    scenario: { type: 'string', default: 'pull_request' },
    seconds: { type: 'string', default: '600' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  process.stdout.write(
    'node bench/memory/run.ts [--deliveries N (200000)] [--step N (10000)] [--scenario NAME (pull_request)]\n' +
      '  [--seconds S: stops after this time, with the steps that were done (600)] [--json]\n',
  )
  process.exit()
}

interface Step {
  readonly accepted: number
  /** Resident memory in MiB, when idle again. */
  readonly mib: number
}

const folder = join(import.meta.dirname, '..', 'data', `memory-${process.pid}`)
mkdirSync(folder, { recursive: true })
const { shots } = prepareScenario(values.scenario, folder)
const hookyard = await startHookyard(SECRET, { folder: join(folder, 'hookyard') })
try {
  const steps = await measureSteps(performance.now() + Number(values.seconds) * 1_000)
  const verdict = judge(steps)
  if (values.json)
    process.stdout.write(`${JSON.stringify({ generator: generatorName(), steps, verdict }, null, 2)}\n`)
  else {
    const rows = steps.map(({ accepted, mib }) => [show(accepted), show(mib)])
    process.stdout.write(
      `${table(['accepted so far', 'resident MiB'], rows)}\n\n` +
        `from ${show(verdict.from)} accepted on: median ${show(verdict.middle)} MiB, ` +
        `slope ${verdict.slope.toFixed(2)} MiB for each 10,000 deliveries; ` +
        `end to the largest of the first half of it: ${show(verdict.growth)}; target <= ${LIMIT}: ${verdict.growth <= LIMIT ? 'held' : 'MISSED'}\n`,
    )
  }
  process.exitCode = verdict.growth <= LIMIT ? 0 : 1
} finally {
  await hookyard.stop()
  rmSync(folder, { recursive: true, force: true })
}

async function measureSteps(deadline: number): Promise<Step[]> {
  const steps: Step[] = [{ accepted: 0, mib: residentMib(hookyard.pid) ?? 0 }]
  let accepted = 0
  while (accepted < Number(values.deliveries) && performance.now() < deadline) {
    const load = await sendLoad({
      port: hookyard.port,
      path: hookyard.path,
      shots,
      connections: 64,
      warmupSeconds: 0,
      seconds: 120,
      rate: null,
      maxRequests: Number(values.step),
    })
    if (load.refused + load.broken > 0)
      throw new Error(`${load.refused} deliveries were refused, ${load.broken} broken`)
    await hookyard.idle()
    accepted += load.accepted
    steps.push({ accepted, mib: residentMib(hookyard.pid) ?? 0 })
    process.stderr.write(`${show(accepted)} accepted, ${show(steps.at(-1)?.mib ?? 0)} MiB\n`)
  }
  return steps
}

/** What the curve says once the process is warm. */
function judge(steps: readonly Step[]) {
  const warm = steps.slice(Math.ceil(steps.length * WARMUP))
  const sizes = warm.map(({ mib }) => mib)
  const firstHalf = sizes.slice(0, Math.ceil(sizes.length / 2))
  return {
    from: warm[0]?.accepted ?? 0,
    middle: median(sizes),
    slope: slopeOf(warm) * 10_000,
    growth: (sizes.at(-1) ?? 0) / Math.max(...firstHalf),
  }
}

/** Least squares, in MiB per delivery. */
function slopeOf(steps: readonly Step[]): number {
  const mean = (read: (step: Step) => number) =>
    steps.reduce((sum, step) => sum + read(step), 0) / steps.length
  const x = mean(({ accepted }) => accepted)
  const y = mean(({ mib }) => mib)
  const covariance = mean((step) => (step.accepted - x) * (step.mib - y))
  return covariance / mean((step) => (step.accepted - x) ** 2)
}
