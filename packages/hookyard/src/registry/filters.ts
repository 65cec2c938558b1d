// A manifest's `when` against one payload (contract section 3, Filters). Payloads come from outside and may
// be mangled: what is missing never matches a filter that asks for it, and nothing here throws.
import picomatch from 'picomatch'
import { type Fields, fields, list, text } from '../lib/fields.ts'
import type { Filters } from './manifest.ts'

/**
 * The name of the first filter that does not hold, or null when all hold. `paths` of a pull request are not in
 * its payload, so they hold here: GitHub is asked for them (dispatch/ask-facts.ts). Other events have none.
 */
export function failedFilter(when: Filters, event: string, payload: unknown): FilterName | null {
  const body = fields(payload)
  const subject = fields(body['pull_request'] ?? body['issue'])
  if (when.ignoreBots && isBot(fields(body['sender']))) return 'ignore_bots'
  if (when.draft !== null && subject['draft'] !== undefined && subject['draft'] !== when.draft) return 'draft'
  if (!isOnBranch(when.branches, body)) return 'branches'
  if (
    !holds(
      when.labels,
      list(subject['labels']).map((label) => text(fields(label)['name'])),
    )
  )
    return 'labels'
  if (!holds(when.authors, [text(fields(subject['user'])['login'])])) return 'authors'
  if (!isAboutPullRequest(payload) && !holds(when.paths, event === 'push' ? pushedPaths(body) : []))
    return 'paths'
  return null
}

/** Whether the payload tells of a pull request: then GitHub knows which files it changes. */
export function isAboutPullRequest(payload: unknown): boolean {
  const body = fields(payload)
  return typeof body['pull_request'] === 'object'
    ? body['pull_request'] !== null
    : fields(body['issue'])['pull_request'] != null
}

/** A filter as manifests spell it. */
export type FilterName = 'ignore_bots' | 'draft' | 'branches' | 'labels' | 'authors' | 'paths'

/** True when no pattern is given, or any value matches any of the globs, whatever the case. */
export function holds(patterns: readonly string[], values: readonly (string | null)[]): boolean {
  if (patterns.length === 0) return true
  const matches = patterns.map((pattern) => matcher(pattern))
  return values.some((value) => value !== null && matches.some((match) => match(value)))
}

const matchers = new Map<string, (value: string) => boolean>()

function matcher(pattern: string): (value: string) => boolean {
  const known = matchers.get(pattern)
  if (known) return known
  const glob = picomatch(pattern, { nocase: true, dot: true })
  const literal = pattern.toLowerCase()
  // Names hold what globs mean something by: the label `(wip)`, the login `renovate[bot]`.
  const made = (value: string) => value.toLowerCase() === literal || glob(value)
  if (matchers.size > 10_000) matchers.clear()
  matchers.set(pattern, made)
  return made
}

/** A sender of `type: Bot`, or a login that ends in `[bot]`. */
export function isBot(sender: Fields): boolean {
  return sender['type'] === 'Bot' || (text(sender['login'])?.toLowerCase().endsWith('[bot]') ?? false)
}

/** A pull request's base or a push's ref, by its short name; a pattern that begins with `refs/` is of the whole ref. */
function isOnBranch(patterns: readonly string[], body: Fields): boolean {
  const base = text(fields(fields(body['pull_request'])['base'])['ref'])
  const ref = base === null ? text(body['ref']) : `refs/heads/${base}`
  const name = ref?.replace(/^refs\/(heads|tags)\//, '') ?? null
  const isWhole = (pattern: string) => pattern.toLowerCase().startsWith('refs/')
  return (
    patterns.length === 0 || patterns.some((pattern) => holds([pattern], [isWhole(pattern) ? ref : name]))
  )
}

function pushedPaths(body: Fields): (string | null)[] {
  return list(body['commits']).flatMap((commit) =>
    ['added', 'modified', 'removed'].flatMap((kind) => list(fields(commit)[kind]).map(text)),
  )
}
