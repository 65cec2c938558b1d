// A trail as text for a terminal.
import { formatDuration } from '../lib/duration.ts'
import { oneLine } from '../send/untrusted-text.ts'
import { heard } from '../send/run-message.ts'
import type { Question, SentMessage } from '../store/store.ts'
import { decisionLine, explainDecision } from './reasons.ts'
import type { DeliveryTrail, RunTrail, Trail } from './why.ts'

/** The trail, a paragraph a delivery, newest first. */
export function renderTrail(trail: Trail): string {
  const parts = [...trail.deliveries.map(renderDelivery), ...trail.otherRuns.map((run) => renderRun(run, ''))]
  return `${parts.join('\n\n')}\n`
}

function renderDelivery(delivery: DeliveryTrail): string {
  const name = [delivery.event, delivery.action].filter(Boolean).join('.')
  const lines = [
    `${time(delivery.receivedAt)}  ${name}  ${delivery.entity}`,
    `  delivery ${delivery.guid}, ${statusOf(delivery)}`,
  ]
  let replay = 0
  for (const decision of delivery.decisions) {
    const run = decision.runId ? ` (run ${decision.runId})` : ''
    if (decision.replay !== undefined && decision.replay !== replay) {
      replay = decision.replay
      lines.push(`  replay ${replay}`)
    }
    lines.push(`  ${decisionLine(decision)}${run}`, `      ${explainDecision(decision)}`)
  }
  for (const message of delivery.messages) lines.push(`  ${renderMessage(message)}`)
  for (const run of delivery.runs) lines.push(renderRun(run, '  '))
  return lines.join('\n')
}

function statusOf(delivery: DeliveryTrail): string {
  if (delivery.status === 'received') return 'stored, not yet dispatched'
  return delivery.status === 'failed'
    ? `could not be dispatched: ${oneLine(delivery.error ?? 'unknown')}`
    : 'dispatched'
}

function renderRun(run: RunTrail, indent: string): string {
  const said = (text: string) => oneLine(heard(text, run.tainted))
  const lines = [
    `${indent}run ${run.id}  ${run.module} on ${run.entity}: ${run.status}${run.reason ? ` (${run.reason})` : ''}`,
    `${indent}    caused by ${[run.trigger.type, run.trigger.event, run.trigger.action].filter(Boolean).join(':')}${run.trigger.by ? ` of ${run.trigger.by}` : ''}; recipients ${run.recipients.join(', ') || 'none'}`,
  ]
  if (run.status === 'queued') lines.push(`${indent}    due ${time(run.runAt)}`)
  for (const attempt of run.attempts) {
    const took =
      attempt.finishedAt === null ? 'under way' : formatDuration(attempt.finishedAt - attempt.startedAt)
    lines.push(
      `${indent}    attempt ${attempt.attempt}: ${attempt.status}, ${took}${attempt.error ? `: ${said(attempt.error)}` : ''}`,
    )
  }
  for (const question of run.questions) lines.push(`${indent}    ${renderQuestion(question, said)}`)
  if (run.summary) lines.push(`${indent}    ${said(run.summary.split('\n')[0] ?? '')}`)
  else if (run.error) lines.push(`${indent}    ${said(run.error)}`)
  for (const message of run.messages) lines.push(`${indent}    ${renderMessage(message)}`)
  return lines.join('\n')
}

function renderQuestion(question: Question, said: (text: string) => string): string {
  const { text, status, answer, answeredBy, answeredVia, expiresAt } = question
  const became = {
    open: `waits for an answer${expiresAt === null ? '' : ` until ${time(expiresAt)}`}`,
    answered: `${oneLine(answer ?? '')} (${answeredBy ?? 'unknown'}, ${answeredVia ?? 'unknown'})`,
    expired: answer === null ? 'nobody answered in time' : `${oneLine(answer)} (nobody answered in time)`,
    withdrawn: 'withdrawn, the run was cancelled',
  }
  return `asked: ${said(text)}: ${became[status]}`
}

function renderMessage(message: SentMessage): string {
  const { status, address, lastError } = message
  const channel =
    address.slice(0, address.indexOf(':') + 1) === 'telegram:'
      ? address
      : address.slice(0, address.indexOf(':'))
  return `message to ${channel}: ${status}${lastError ? ` (${oneLine(lastError)})` : ''}`
}

const time = (ms: number) => new Date(ms).toISOString().replace('T', ' ').slice(0, 19)
