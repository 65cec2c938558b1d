import { wholeLine } from '../untrusted-text.ts'
import type { Message } from '../message.ts'
import { numberAt, textAt } from './field.ts'

const VERDICTS = new Map([
  ['approved', 'approved'],
  ['changes_requested', 'requested changes on'],
])

/** A review that approves or requests changes; plain comments are not told. */
export function formatPullRequestReview(action: string | null, payload: unknown): Message | null {
  const repo = wholeLine(textAt(payload, 'repository', 'full_name'))
  const number = numberAt(payload, 'pull_request', 'number')
  const verdict = VERDICTS.get(textAt(payload, 'review', 'state').toLowerCase())
  if (action !== 'submitted' || verdict === undefined || repo === '' || number === null) return null
  const reviewer = wholeLine(textAt(payload, 'review', 'user', 'login'))
  return {
    lines: [
      [{ bold: reviewer }, ` ${verdict} PR #${number} in `, { code: repo }],
      [wholeLine(textAt(payload, 'review', 'html_url'))],
    ],
    tail: 1,
  }
}
