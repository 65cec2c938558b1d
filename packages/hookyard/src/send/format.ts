// A delivery that no module took, told in a few lines (contract section 5). The payload is as hostile as
// any: it may be mangled, and a formatter never throws. What it has nothing sensible to say about is null.
import { textLines } from './message.ts'
import type { Line, Message } from './message.ts'
import { cleanLines, cut, wholeLine } from './untrusted-text.ts'

type Formatter = (action: string | null, payload: unknown) => Message | null

const FORMATTERS: ReadonlyMap<string, Formatter> = new Map<string, Formatter>([
  ['push', formatPush],
  ['pull_request', formatPullRequest],
  ['issues', (action, payload) => formatThread('Issue', 'issue', action, payload)],
  ['issue_comment', formatIssueComment],
  ['pull_request_review', formatReview],
])

/** The message for an event, or null when there is none for it or nothing sensible to say. Never throws. */
export const formatEvent = (event: string, action: string | null, payload: unknown): Message | null =>
  FORMATTERS.get(event)?.(action, payload) ?? null

const COMMITS_SHOWN = 5

/** A push with commits; a deleted branch says nothing. */
function formatPush(_action: string | null, payload: unknown): Message | null {
  const repo = lineAt(payload, 'repository', 'full_name')
  const commits = valueAt(payload, 'commits')
  const known = Array.isArray(commits) ? commits.filter(isRecord) : []
  if (repo === '' || known.length === 0 || valueAt(payload, 'deleted') === true) return null
  const ref = wholeLine(textAt(payload, 'ref').replace(/^refs\/(?:heads|tags)\//, ''))
  const pusher = lineAt(payload, 'pusher', 'name') || 'Someone'
  const compare = lineAt(payload, 'compare')
  const lines: Line[] = [[{ bold: 'Push' }, ' to ', { code: `${repo}:${ref}` }, ` by ${pusher}`]]
  for (const commit of known.slice(0, COMMITS_SHOWN)) {
    const [title = ''] = textAt(commit, 'message').split('\n', 1)
    lines.push(['  ', { code: wholeLine(textAt(commit, 'id').slice(0, 7)) }, ` ${wholeLine(title)}`])
  }
  if (known.length > COMMITS_SHOWN) lines.push([`  ... and ${known.length - COMMITS_SHOWN} more`])
  if (compare !== '') lines.push([{ link: compare, text: 'Compare' }])
  return { lines, tail: compare === '' ? 0 : 1 }
}

/** A pull request that was opened, closed, merged or reopened. */
function formatPullRequest(action: string | null, payload: unknown): Message | null {
  const merged = action === 'closed' && valueAt(payload, 'pull_request', 'merged') === true
  return formatThread('PR', 'pull_request', action, payload, merged ? 'merged' : action)
}

function formatThread(noun: string, key: string, action: string | null, payload: unknown, verb = action) {
  const repo = lineAt(payload, 'repository', 'full_name')
  const number = numberAt(payload, key)
  if (action === null || !/^(opened|closed|reopened)$/.test(action) || repo === '' || number === null)
    return null
  const heading = [{ bold: `${noun} #${number} ${verb}` }, ' in ', { code: repo }]
  const author = lineAt(payload, key, 'user', 'login')
  return {
    lines: [heading, [lineAt(payload, key, 'title')], [`by ${author}`], [lineAt(payload, key, 'html_url')]],
    tail: 1,
  }
}

const COMMENT_MAX = 200

/** A new comment on an issue or a pull request. */
function formatIssueComment(action: string | null, payload: unknown): Message | null {
  const repo = lineAt(payload, 'repository', 'full_name')
  const number = numberAt(payload, 'issue')
  if (action !== 'created' || repo === '' || number === null) return null
  const author = lineAt(payload, 'comment', 'user', 'login')
  const heading = [{ bold: 'Comment' }, ` on #${number} in `, { code: repo }, ` by ${author}`]
  const body = textLines(cleanLines(cut(textAt(payload, 'comment', 'body'), COMMENT_MAX)))
  return { lines: [heading, ...body, [lineAt(payload, 'comment', 'html_url')]], tail: 1 }
}

const VERDICTS = new Map([
  ['approved', 'approved'],
  ['changes_requested', 'requested changes on'],
])

/** A review that approves or requests changes; plain comments are not told. */
function formatReview(action: string | null, payload: unknown): Message | null {
  const repo = lineAt(payload, 'repository', 'full_name')
  const number = numberAt(payload, 'pull_request')
  const verdict = VERDICTS.get(textAt(payload, 'review', 'state').toLowerCase())
  if (action !== 'submitted' || verdict === undefined || repo === '' || number === null) return null
  const reviewer = lineAt(payload, 'review', 'user', 'login')
  const heading = [{ bold: reviewer }, ` ${verdict} PR #${number} in `, { code: repo }]
  return { lines: [heading, [lineAt(payload, 'review', 'html_url')]], tail: 1 }
}

// A payload may be anything: what is missing or of a wrong type reads as not there.

/** The value at the path, or undefined; own properties of plain objects only. */
function valueAt(source: unknown, ...path: string[]): unknown {
  let value = source
  for (const key of path) {
    if (!isRecord(value) || !Object.hasOwn(value, key)) return undefined
    value = value[key]
  }
  return value
}

/** The string at the path, or ''. */
function textAt(source: unknown, ...path: string[]): string {
  const value = valueAt(source, ...path)
  return typeof value === 'string' ? value : ''
}

const lineAt = (source: unknown, ...path: string[]): string => wholeLine(textAt(source, ...path))

/** The number of the issue or pull request under the key, or null. */
function numberAt(payload: unknown, key: string): number | null {
  const value = valueAt(payload, key, 'number')
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Telegram's limit, in UTF-16 units. */
const GENERIC_MAX = 4_096

/** The body of `POST /webhook` (contract section 4): its string `message`, else (missing, blank) its JSON; cut to 4096. */
export function genericText(body: object): string {
  const { message } = body as { message?: unknown }
  const text = typeof message === 'string' && message.trim() !== '' ? message : JSON.stringify(body, null, 2)
  if (text.length <= GENERIC_MAX) return text.toWellFormed()
  // The cut may fall into a surrogate pair; its first half is dropped.
  return `${text.slice(0, GENERIC_MAX - 3).replace(/[\ud800-\udbff]$/, '')}...`.toWellFormed()
}

/** The same as a message, sent without any mark-up. */
export const genericMessage = (body: object): Message => ({
  lines: textLines(genericText(body)),
  plain: true,
})
