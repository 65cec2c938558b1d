import { wholeLine } from '../untrusted-text.ts'
import type { Message } from '../message.ts'
import { numberAt, textAt, valueAt } from './field.ts'

const ACTIONS = new Set(['opened', 'closed', 'reopened'])

/** A pull request that was opened, closed, merged or reopened. */
export function formatPullRequest(action: string | null, payload: unknown): Message | null {
  const merged = action === 'closed' && valueAt(payload, 'pull_request', 'merged') === true
  return formatThread('PR', 'pull_request', action, merged ? 'merged' : action, payload)
}

/** An issue that was opened, closed or reopened. */
export function formatIssue(action: string | null, payload: unknown): Message | null {
  return formatThread('Issue', 'issue', action, action, payload)
}

function formatThread(
  noun: string,
  key: string,
  action: string | null,
  verb: string | null,
  payload: unknown,
): Message | null {
  const repo = wholeLine(textAt(payload, 'repository', 'full_name'))
  const number = numberAt(payload, key, 'number')
  if (action === null || !ACTIONS.has(action) || repo === '' || number === null) return null
  return {
    lines: [
      [{ bold: `${noun} #${number} ${verb}` }, ' in ', { code: repo }],
      [wholeLine(textAt(payload, key, 'title'))],
      [`by ${wholeLine(textAt(payload, key, 'user', 'login'))}`],
      [wholeLine(textAt(payload, key, 'html_url'))],
    ],
    tail: 1,
  }
}
