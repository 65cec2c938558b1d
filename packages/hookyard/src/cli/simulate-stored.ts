// `hookyard simulate --stored`: past deliveries under today's configuration, beside what was decided, as a diff.
import { createStoredSimulator, longestWindowMs, type StoredSimulation } from '../explain/simulate-stored.ts'
import { decisionLine } from '../explain/reasons.ts'
import { systemClock } from '../lib/clock.ts'
import { parseDuration } from '../lib/duration.ts'
import type { ModuleRegistry } from '../registry/module-registry.ts'
import { formatEvent } from '../send/format.ts'
import { cleanLines } from '../send/untrusted-text.ts'
import type { PastDelivery, Store } from '../store/store.ts'
import { createProgress } from './client/progress.ts'
import { CommandFailure, UsageError } from './failure.ts'
import { installationOf, openDatabase, worldInForce } from './installation.ts'
import { print, shortTime } from './print.ts'

export interface SimulateStoredCommand {
  readonly config: string
  /** GUIDs; without any, all of `since`. */
  readonly stored: readonly string[]
  readonly since?: string
  readonly json?: boolean
}

const DEFAULT_SINCE = '7d'
const PAGE = 200
/** Earlier deliveries of the same entity that are decided first, for their windows. */
const EARLIER = 50

/** Prints what would be decided otherwise. @throws ConfigError, CommandFailure, UsageError */
export async function runSimulateStored(options: SimulateStoredCommand): Promise<void> {
  const { stored: guids, since, json } = options
  if (guids.length > 0 && since !== undefined) throw new UsageError('give GUIDs or --since, not both')
  const sinceMs = durationOf(since ?? DEFAULT_SINCE)
  const installation = installationOf(options.config)
  const store = await openDatabase(installation.config.dataDir)
  try {
    const world = await worldInForce(installation, store)
    const start = () => createStoredSimulator({ ...world, format: formatEvent })
    const results =
      guids.length > 0
        ? await simulateNamed(store, start, guids)
        : await simulateSince(store, start(), systemClock() - sinceMs, windowsOf(world.registry))
    print(asJson(results), json, () => render(results))
  } finally {
    await store.close()
  }
}

function durationOf(text: string): number {
  try {
    return parseDuration(text)
  } catch (thrown) {
    throw new UsageError(`--since: ${(thrown as Error).message}`)
  }
}

type Simulator = ReturnType<typeof createStoredSimulator>

async function simulateSince(
  store: Store,
  simulate: Simulator,
  since: number,
  windowMs: number,
): Promise<StoredSimulation[]> {
  const progress = createProgress()
  const results: StoredSimulation[] = []
  // The windows of the first ones were opened by those before them.
  const from = since - windowMs
  for (let after = 0, page: PastDelivery[]; ; after = page.at(-1)?.id ?? after) {
    page = await store.overview.past(from, after, PAGE)
    if (page.length === 0) break
    for (const delivery of page) {
      const result = simulate(delivery)
      if (delivery.receivedAt >= since && delivery.status !== 'received') results.push(withoutPayload(result))
    }
    progress.show(`${results.length} deliveries`)
  }
  progress.clear()
  return results
}

const windowsOf = (registry: ModuleRegistry) =>
  longestWindowMs(
    registry
      .all()
      .flatMap(({ manifest }) =>
        manifest.triggers.flatMap((trigger) => (trigger.type === 'webhook' ? [trigger] : [])),
      ),
  )

/** Results are many and kept to the end; payloads are large. */
const withoutPayload = (result: StoredSimulation): StoredSimulation => ({
  ...result,
  delivery: { ...result.delivery, payload: '' },
})

async function simulateNamed(
  store: Store,
  start: () => Simulator,
  guids: readonly string[],
): Promise<StoredSimulation[]> {
  const results: StoredSimulation[] = []
  for (const guid of guids) {
    const delivery = await store.overview.delivery(guid)
    if (!delivery)
      throw new CommandFailure(`there is no delivery ${guid}; \`hookyard deliveries\` lists them`)
    const simulate = start()
    for (const earlier of await before(store, delivery)) simulate(earlier)
    results.push(simulate(delivery))
  }
  return results
}

/** Deliveries of the same entity that came before, oldest first. */
async function before(store: Store, { id, entity }: PastDelivery): Promise<PastDelivery[]> {
  const records = await store.deliveries.ofEntity(entity, EARLIER)
  const found = await Promise.all(records.map(({ guid }) => store.overview.delivery(guid)))
  return found.filter((one) => one !== null && one.id < id).toReversed() as PastDelivery[]
}

function asJson(results: readonly StoredSimulation[]) {
  return {
    decided: results.length,
    changed: results.filter(isChanged).length,
    deliveries: results.map(({ delivery, was, would, ...result }) => ({
      guid: delivery.guid,
      event: delivery.event,
      action: delivery.action,
      entity: delivery.entity,
      received_at: new Date(delivery.receivedAt).toISOString(),
      changed: isChanged(result),
      was,
      would,
    })),
  }
}

const isChanged = ({ gone, come }: Pick<StoredSimulation, 'gone' | 'come'>) => gone.length + come.length > 0

function render(results: readonly StoredSimulation[]): string {
  const changed = results.filter(isChanged)
  const parts = changed.map(({ delivery, gone, come }) => {
    const name = [delivery.event, delivery.action].filter(Boolean).join('.')
    const time = shortTime(new Date(delivery.receivedAt).toISOString())
    return [
      `${time}  ${name}  ${delivery.entity}  ${delivery.guid}`,
      ...gone.map((decision) => `  - ${decisionLine(decision)}`),
      ...come.map((decision) => `  + ${decisionLine(decision)}`),
      '',
    ].join('\n')
  })
  const counts = `${results.length} ${results.length === 1 ? 'delivery' : 'deliveries'}: ${results.length - changed.length} as before, ${changed.length} otherwise`
  return `${cleanLines([...parts, `${counts}. Nothing was stored, run or sent.`].join('\n'))}\n`
}
