// Which events are worth a triage. Asked for by a command or by hand, any issue is.
import type { ContextOf } from '@hookyard/sdk'
import { fingerprint, type Memory } from './memory.ts'

/** So long after opening do a reporter's edits count as part of the report, in ms. */
const STILL_REPORTING_MS = 3_600_000

/** Why there is nothing to do, or null. */
export async function reasonToSkip(
  { issue, trigger }: ContextOf<'issue'>,
  memory: Memory,
): Promise<string | null> {
  if (issue.data['pull_request'] != null) return 'is_pull_request'
  if (trigger.type !== 'webhook') return null
  if (issue.state !== 'open') return 'closed'
  if (trigger.action !== 'edited') return null
  const age = Date.parse(trigger.at) - Date.parse(String(issue.data['created_at']))
  // A time that cannot be read is no reason to spend money.
  if (!(age <= STILL_REPORTING_MS)) return 'edited_late'
  return (await fingerprint(issue.title, issue.body)) === memory.text ? 'unchanged' : null
}
