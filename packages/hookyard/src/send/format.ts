// A delivery that no module took, told in a few lines (contract section 5). The payload is as hostile as
// any: it may be mangled, and a formatter never throws. What it has nothing sensible to say about is null.
import { formatIssueComment } from './format/issue-comment.ts'
import { formatIssue, formatPullRequest } from './format/opened-or-closed.ts'
import { formatPullRequestReview } from './format/pull-request-review.ts'
import { formatPush } from './format/push.ts'
import type { Message } from './message.ts'

type Formatter = (action: string | null, payload: unknown) => Message | null

const FORMATTERS: ReadonlyMap<string, Formatter> = new Map<string, Formatter>([
  ['push', formatPush],
  ['pull_request', formatPullRequest],
  ['issues', formatIssue],
  ['issue_comment', formatIssueComment],
  ['pull_request_review', formatPullRequestReview],
])

/** The message for an event, or null when there is none for it or nothing sensible to say. Never throws. */
export function formatEvent(event: string, action: string | null, payload: unknown): Message | null {
  return FORMATTERS.get(event)?.(action, payload) ?? null
}
