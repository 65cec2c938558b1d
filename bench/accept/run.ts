// What accepting a delivery costs: Hookyard, whole and durable, beside Probot's server and a bare node:http server
// that keep nothing. `npm run bench:accept -- --help`.
import { mkdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { generatorName } from '../load/start.ts'
import { show } from '../measure/table.ts'
import { compare } from './compare.ts'
import { render } from './report.ts'
import { prepareScenario, scenarioNames } from './scenarios.ts'

const HELP = `node bench/accept/run.ts [options]
  --scenario NAME    ${scenarioNames().join(', ')}; may be given again (default: all)
  --rounds N         rounds that count (default 5)
  --seconds S        length of one slice (default 2)
  --rate N           requests per second of the open loop (default 1000)
  --connections N    keep-alive connections (default 64)
  --strangers SHARE  a round in which other processes took more of the machine is measured again (default 0.1)
  --patience S       how long it waits for quiet moments, in all (default 600); then it measures as it is
  --also FOLDER      another checkout of Hookyard, measured beside this one (before and after a change)
  --one-core         binds each server to one processor
  --keep             leaves the database in bench/data
  --json             one JSON document on stdout`

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', multiple: true },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    rate: { type: 'string', default: '1000' },
    connections: { type: 'string', default: '64' },
    strangers: { type: 'string', default: '0.1' },
    patience: { type: 'string', default: '600' },
    also: { type: 'string' },
    'one-core': { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  process.stdout.write(`${HELP}\n`)
  process.exit()
}

const folder = join(import.meta.dirname, '..', 'data', `accept-${process.pid}`)
mkdirSync(folder, { recursive: true })
const tell = (line: string) => process.stderr.write(`${line}\n`)
tell(`load generator: ${generatorName()}`)
const results = []
try {
  for (const name of values.scenario ?? scenarioNames()) {
    const scenario = prepareScenario(name, join(folder, name))
    tell(`${name}: ${scenario.says}; ${show(scenario.bytes)} bytes`)
    results.push(
      await compare(scenario, {
        folder: join(folder, name),
        rounds: Number(values.rounds),
        seconds: Number(values.seconds),
        rate: Number(values.rate),
        connections: Number(values.connections),
        maxStrangers: Number(values.strangers),
        patienceMs: Number(values.patience) * 1_000,
        also: values.also === undefined ? null : resolve(values.also),
        core: values['one-core'] ? 0 : null,
        tell,
      }),
    )
  }
} finally {
  if (!values.keep) rmSync(folder, { recursive: true, force: true })
}
process.stdout.write(
  values.json ? `${JSON.stringify(results, null, 2)}\n` : `${results.map(render).join('\n\n')}\n`,
)
process.exitCode = results.every(({ kept }) => kept.missing === 0 && kept.undecided === 0) ? 0 : 1
