// `hookyard simulate`: a payload's decisions under this configuration, on paper.
import { existsSync } from 'node:fs'
import { decisionLine, explainDecision } from '../explain/reasons.ts'
import { type Simulation, simulate } from '../explain/simulate.ts'
import { systemClock } from '../lib/clock.ts'
import { addressLabel } from '../send/address.ts'
import { formatEvent } from '../send/format.ts'
import { toPlainText } from '../send/message.ts'
import { checkWebhookEvent, readSource } from './event-input.ts'
import { CommandFailure } from './failure.ts'
import { databaseIn, installationOf, openDatabase, worldInForce } from './installation.ts'
import { print } from './print.ts'

export interface SimulateCommand {
  readonly config: string
  readonly event: string
  readonly fresh?: boolean
  readonly json?: boolean
}

/** Prints what would happen. @throws ConfigError; UsageError for a payload that is none. */
export async function runSimulate(file: string, options: SimulateCommand): Promise<void> {
  checkWebhookEvent(options.event)
  const payload = parsePayload(await readSource(file), file)
  const installation = installationOf(options.config)
  const { dataDir } = installation.config
  const store = !options.fresh && existsSync(databaseIn(dataDir)) ? await openDatabase(dataDir) : null
  try {
    const result = await simulate({
      ...(await worldInForce(installation, store)),
      event: options.event,
      payload,
      format: formatEvent,
      now: systemClock(),
      ...(store ? { entityStates: (keys) => store.deliveries.entityStates(keys) } : {}),
    })
    print(asJson(result), options.json, () => render(result))
  } finally {
    await store?.close()
  }
}

function parsePayload(content: string, file: string): unknown {
  let payload: unknown
  try {
    payload = JSON.parse(content.replace(/^\uFEFF/, ''))
  } catch (thrown) {
    throw new CommandFailure(`${file} is no JSON: ${(thrown as Error).message}`)
  }
  if (typeof payload === 'object' && payload !== null && !Array.isArray(payload)) return payload
  throw new CommandFailure(`${file} holds no JSON object; a webhook's payload is one`)
}

function asJson({ plan, ...described }: Simulation) {
  return {
    ...described,
    decisions: plan.decisions.map(({ runId: _simulated, ...decision }) => ({
      ...decision,
      explanation: explainDecision({ ...decision, runId: null }),
    })),
    runs: plan.runs.map((run) => ({
      module: run.module,
      recipients: run.recipients,
      run_at: new Date(run.runAt).toISOString(),
    })),
    cancelled: plan.cancelled,
    messages: plan.messages.map((message) => ({
      address: addressLabel(message.address),
      text: toPlainText(message.message),
    })),
  }
}

function render({ plan, ...described }: Simulation): string {
  const lines = [
    `${[described.event, described.action].filter(Boolean).join('.')} on ${described.entity}: nothing is stored, run or sent`,
  ]
  for (const decision of plan.decisions) {
    lines.push(`  ${decisionLine(decision)}`, `      ${explainDecision(decision)}`)
  }
  for (const run of plan.runs) {
    const wait = run.runAt - run.createdAt
    lines.push(
      `  would start ${run.module} ${wait > 0 ? `in ${Math.ceil(wait / 1_000)} s` : 'now'} for ${run.recipients.join(', ')}`,
    )
  }
  for (const { runId, reason } of plan.cancelled) lines.push(`  would cancel run ${runId} (${reason})`)
  for (const message of plan.messages) {
    lines.push(
      `  would tell ${message.address.split(':')[0]}:`,
      ...toPlainText(message.message)
        .split('\n')
        .map((line) => `      ${line}`),
    )
  }
  if (plan.decisions.length === 0) lines.push('  nobody hears of it')
  return `${lines.join('\n')}\n`
}
