// `hookyard status`, `modules`, `runs`, `deliveries`: what the server tells, as tables.
import type { z } from 'zod'
import { DeliveryList } from '../api/delivery-routes.ts'
import { ModuleList } from '../api/module-routes.ts'
import type { Module } from '../api/module-shape.ts'
import { RunList } from '../api/run-routes.ts'
import { Status } from '../api/service-shape.ts'
import { formatDuration } from '../lib/duration.ts'
import { describeNeeds } from '../registry/grants.ts'
import { describeWalls } from '../run/find-walls.ts'
import { oneLine } from '../send/untrusted-text.ts'
import { type AskOptions, show } from './client/ask.ts'
import { openClient } from './client/server-client.ts'
import { describeTrigger, dollars, print, renderTable, shortTime } from './print.ts'

/** Prints how the server is. @throws CommandFailure */
export async function runStatus(options: AskOptions): Promise<void> {
  const client = await openClient(options)
  const status = await client.get('/api/status', Status)
  print({ url: client.url, ...status }, options.json, renderStatus)
}

function renderStatus(status: z.output<typeof Status> & { url: string }): string {
  const { url, version, started_at, agent, modules, isolation, deliveries, runs, messages } = status
  const rows = [
    ['server', `${url}, version ${version}, since ${shortTime(started_at)} UTC`],
    ['agent', `${agent.backend}: ${agent.why}`],
    ['modules', `${modules.enabled} on, ${modules.disabled} off`],
    ...describeWalls(isolation).map((line, index) => [index === 0 ? 'walls' : '', line]),
    ['deliveries', `${deliveries.received} to be dispatched`],
    ['runs', `${runs.queued} queued, ${runs.running} running, ${runs.paused} paused`],
    ['messages', `${messages.queued} to be sent, ${messages.dead} refused for good`],
  ]
  return rows.map(([label = '', value = '']) => `${label.padEnd(12)}${value}\n`).join('')
}

/** Prints the modules. @throws CommandFailure */
export function runModules(options: AskOptions): Promise<void> {
  return show(options, '/api/modules', ModuleList, ({ modules }) =>
    modules.length === 0 ? 'no modules\n' : renderTable(...moduleTable(modules)),
  )
}

/** What modules need has a column only where one needs something. */
function moduleTable(modules: readonly ShownModule[]): [string[], string[][]] {
  const needs = modules.map((module) => describeNeeds(module.needs, module.granted).join('; '))
  const some = needs.some((need) => need !== '')
  return [
    ['MODULE', 'ON', 'STARTED BY', 'NEXT', 'LAST RUN', ...(some ? ['NEEDS'] : [])],
    modules.map((module, index) => [...moduleRow(module), ...(some ? [needs[index] || '-'] : [])]),
  ]
}

type ShownModule = z.output<typeof Module>

function moduleRow(module: ShownModule): string[] {
  const { name, enabled, enabled_source: source, switched, next_ticks, last_runs } = module
  const who = switched ? ` (${switched.by})` : source === 'config' ? ' (config)' : ''
  const last = last_runs[0]
  return [
    name,
    `${enabled ? 'on' : 'off'}${who}`,
    startedBy(module),
    shortTime(next_ticks[0] ?? null),
    last ? `${last.status} ${last.entity} ${shortTime(last.created_at)}` : '-',
  ]
}

function startedBy({ triggers, invoke }: ShownModule): string {
  const told = triggers.map((trigger) => describeTrigger(trigger).replace(/^schedule /, ''))
  return [...told, ...(invoke ? ['invoke'] : [])].join('; ')
}

const QUERY = ['module', 'status', 'entity', 'cursor', 'limit'] as const
type ListOptions = AskOptions & { readonly [Name in (typeof QUERY)[number]]?: string }

/** Prints runs, newest first. @throws CommandFailure */
export const runRuns = (options: ListOptions & { readonly cost?: boolean }): Promise<void> =>
  show(options, `/api/runs${queryOf(options)}`, RunList, (list) => renderRuns(list, options.cost ?? false))

function renderRuns({ runs, next_cursor }: z.output<typeof RunList>, cost: boolean): string {
  if (runs.length === 0) return 'no runs\n'
  const rows = runs.map((run) => [
    run.id,
    shortTime(run.created_at),
    run.module,
    run.entity,
    `${run.status}${run.reason ? ` (${oneLine(run.reason, 30)})` : ''}`,
    ...(cost ? [dollars(run.cost_usd)] : []),
    tookOf(run.started_at, run.finished_at),
    oneLine(run.result.summary ?? run.error ?? '', 60),
  ])
  const costs = cost ? ['COST'] : []
  const headings = ['RUN', 'MADE (UTC)', 'MODULE', 'ABOUT', 'STATUS', ...costs, 'TOOK', 'RESULT']
  const total = runs.reduce((sum, run) => sum + run.cost_usd, 0)
  const sum = cost ? `$${total.toFixed(2)} for these ${runs.length} runs\n` : ''
  return renderTable(headings, rows) + sum + moreOf(next_cursor)
}

const tookOf = (from: string | null, to: string | null) =>
  from === null || to === null ? '-' : formatDuration(Date.parse(to) - Date.parse(from))

/** Prints deliveries, newest first. @throws CommandFailure */
export const runDeliveries = (options: ListOptions): Promise<void> =>
  show(options, `/api/deliveries${queryOf(options)}`, DeliveryList, renderDeliveries)

function renderDeliveries({ deliveries, next_cursor }: z.output<typeof DeliveryList>): string {
  if (deliveries.length === 0) return 'no deliveries\n'
  const rows = deliveries.map((delivery) => [
    delivery.guid,
    shortTime(delivery.received_at),
    [delivery.event, delivery.action].filter(Boolean).join('.'),
    delivery.entity,
    delivery.status === 'dispatched' ? outcomesOf(delivery.decisions) : delivery.status,
  ])
  return renderTable(['GUID', 'RECEIVED (UTC)', 'EVENT', 'ABOUT', 'OUTCOME'], rows) + moreOf(next_cursor)
}

/** `ran pr-review; notified` */
function outcomesOf(decisions: z.output<typeof DeliveryList>['deliveries'][number]['decisions']): string {
  const told = decisions.map(({ outcome, module }) => (module === null ? outcome : `${outcome} ${module}`))
  return [...new Set(told)].join('; ') || 'nobody hears of it'
}

const moreOf = (cursor: string | null) => (cursor === null ? '' : `more: --cursor ${cursor}\n`)

function queryOf(options: ListOptions): string {
  const query = new URLSearchParams()
  for (const name of QUERY) if (options[name] !== undefined) query.set(name, options[name])
  return query.size === 0 ? '' : `?${query.toString()}`
}
