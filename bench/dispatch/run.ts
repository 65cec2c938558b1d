// Does dispatch cost more in a larger installation, when a delivery meets as many modules and users as in a small
// one? `npm run bench:dispatch -- --help`.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { median, spreadOf } from '../measure/median.ts'
import { show, table } from '../measure/table.ts'
import type { SliceRequest } from './process.ts'
import type { Size } from './world.ts'

const LIMIT = 1.5
const SIZES: readonly Size[] = [
  { modules: 10, users: 10 },
  { modules: 1_000, users: 10 },
  { modules: 10_000, users: 10 },
  { modules: 10, users: 1_000 },
  { modules: 10, users: 100_000 },
  { modules: 10_000, users: 100_000 },
]
/** Deliveries in one slice, and slices that are thrown away while code gets compiled. */
const DELIVERIES = { decide: 5_000, dispatch: 640 } as const
const WARMUPS = 3

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  process.stdout.write('node bench/dispatch/run.ts [--rounds N (default 9)] [--json]\n')
  process.exit()
}

const folder = join(import.meta.dirname, '..', 'data', `dispatch-${process.pid}`)
const nameOf = ({ modules, users }: Size) =>
  `${modules.toLocaleString('en')} modules, ${users.toLocaleString('en')} users`
const children: ChildProcess[] = []
const results: {
  kind: SliceRequest['kind']
  size: string
  cost: number
  growth: ReturnType<typeof spreadOf>
}[] = []
try {
  for (const size of SIZES) children.push(await startInstallation(size))
  for (const kind of ['decide', 'dispatch'] as const) {
    process.stderr.write(`${kind}: ${values.rounds} rounds of ${SIZES.length} sizes\n`)
    const costs = await measure(kind, Number(values.rounds))
    for (const [at, size] of SIZES.entries()) {
      const growth = costs.map((round) => (round[at] ?? NaN) / (round[0] ?? NaN))
      results.push({
        kind,
        size: nameOf(size),
        cost: median(costs.map((round) => round[at] ?? NaN)),
        growth: spreadOf(growth),
      })
    }
  }
} finally {
  for (const child of children) child.disconnect()
  await Promise.all(children.map((child) => child.exitCode ?? once(child, 'exit')))
  rmSync(folder, { recursive: true, force: true })
}
process.stdout.write(values.json ? `${JSON.stringify(results, null, 2)}\n` : `${report()}\n`)
process.exitCode = results.every(({ growth }) => growth.median < LIMIT) ? 0 : 1

async function startInstallation(size: Size): Promise<ChildProcess> {
  const own = join(folder, `${size.modules}-${size.users}`)
  mkdirSync(own, { recursive: true })
  const child = fork(join(import.meta.dirname, 'process.ts'), [String(size.modules), String(size.users), own])
  await answerOf(child)
  return child
}

/** Round by round, the cost of each size in the order of SIZES. */
async function measure(kind: SliceRequest['kind'], rounds: number): Promise<number[][]> {
  const costs: number[][] = []
  for (let round = -WARMUPS; round < rounds; round += 1) {
    const costsOfRound: number[] = []
    for (const child of children) {
      child.send({ kind, deliveries: DELIVERIES[kind] } satisfies SliceRequest)
      costsOfRound.push(Number(await answerOf(child)))
    }
    if (round >= 0) costs.push(costsOfRound)
  }
  return costs
}

/** @throws Error when the process ends instead of answering. */
async function answerOf(child: ChildProcess): Promise<unknown> {
  const waiting = new AbortController()
  const { signal } = waiting
  try {
    return await Promise.race([
      once(child, 'message', { signal }).then(([answer]) => answer as unknown),
      once(child, 'exit', { signal }).then(([code]) => {
        throw new Error(`a measured process ended with ${String(code)}`)
      }),
    ])
  } finally {
    waiting.abort()
  }
}

function report(): string {
  const tables = (['decide', 'dispatch'] as const).map((kind) => {
    const rows = results
      .filter((result) => result.kind === kind)
      .map(({ size, cost, growth }) => [
        size,
        show(cost),
        show(growth.median),
        `${show(growth.min)} to ${show(growth.max)}`,
      ])
    const what = kind === 'decide' ? 'look-ups and decide' : 'dispatch through the store'
    return `${what}: 3 modules and 5 users meet each delivery\n\n${table(['installation', 'CPU µs each', 'growth', 'spread'], rows)}`
  })
  const worst = Math.max(...results.map(({ growth }) => growth.median))
  return `${tables.join('\n\n')}\n\nlargest growth: ${show(worst)}; target < ${LIMIT}: ${worst < LIMIT ? 'held' : 'MISSED'}`
}
