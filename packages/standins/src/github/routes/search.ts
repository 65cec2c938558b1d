// Search over issues and pull requests: every word must occur in the title or the body, qualifiers narrow it.
import type { Reply } from '../../http.ts'
import { Refusal } from '../refusal.ts'
import { issue } from '../render/thread.ts'
import type { RepositoryState, ThreadState } from '../state.ts'
import { json, page } from './call.ts'
import type { Call, Routes } from './call.ts'

interface Term {
  readonly negated: boolean
  /** null: a word or a phrase to look for. */
  readonly qualifier: string | null
  readonly value: string
}

interface Hit {
  readonly repository: RepositoryState
  readonly thread: ThreadState
}

const LONGEST_QUERY = 256

const QUALIFIERS = new Set([
  'repo',
  'user',
  'org',
  'is',
  'type',
  'state',
  'in',
  'author',
  'assignee',
  'label',
  'no',
])

/** By operation id. */
export const searchRoutes: Routes = {
  'search/issues-and-pull-requests': searchIssues,
  'rate-limit/get': rateLimit,
}

function invalid(message: string): Refusal {
  return new Refusal(422, 'Validation Failed', [{ resource: 'Search', field: 'q', code: 'invalid', message }])
}

function searchIssues(call: Call): Reply {
  const query = call.query.get('q') ?? ''
  if (query.trim() === '')
    throw new Refusal(422, 'Validation Failed', [{ resource: 'Search', field: 'q', code: 'missing' }])
  const terms = parseQuery(query)
  const words = terms.filter(({ qualifier }) => qualifier === null)
  const qualifiers = terms.filter(({ qualifier }) => qualifier !== null)
  const length = words.reduce((sum, { value }) => sum + value.length + 1, -1)
  if (length > LONGEST_QUERY) throw invalid(`The search is longer than ${LONGEST_QUERY} characters.`)
  const named = qualifiers.filter(({ qualifier, negated }) => qualifier === 'repo' && !negated)
  if (named.length > 0 && named.every(({ value }) => !visible(call, value))) {
    throw invalid(
      'The listed users and repositories cannot be searched either because the resources do not exist or you do not have permission to view them.',
    )
  }
  const kinds = qualifiers
    .filter(({ qualifier }) => qualifier === 'is' || qualifier === 'type')
    .map(({ value }) => value)
  if (
    call.identity.kind === 'installation' &&
    !kinds.some((kind) => /^(issue|pr|pull-request)$/.test(kind))
  ) {
    throw invalid("Query must include 'is:issue' or 'is:pull-request'")
  }
  const titleOnly = qualifiers.some(({ qualifier, value }) => qualifier === 'in' && value === 'title')
  const hits = allThreads(call)
    .filter((hit) => matchesRepositories(hit, qualifiers))
    .filter((hit) => qualifiers.every((term) => matchesTerm(hit, term)))
    .filter((hit) => containsWords(hit, words, titleOnly))
  const ordered = order(call, hits)
  return page(
    call,
    ordered,
    ({ repository, thread }) => {
      const { closed_by: _, ...found } = issue(call.links, repository, thread)
      return { ...found, score: 1 }
    },
    (items) => ({ total_count: hits.length, incomplete_results: false, items, search_type: 'lexical' }),
  )
}

/** Words, "phrases" and `qualifier:value` (quoted values too), each perhaps with a leading minus. */
function parseQuery(query: string): Term[] {
  const terms: Term[] = []
  for (const match of query.matchAll(/(-?)(?:([a-z-]+):)?(?:"([^"]*)"|(\S+))/gi)) {
    const [, minus = '', prefix, quoted, bare = ''] = match
    const value = quoted ?? bare
    const qualifier = prefix?.toLowerCase()
    if (qualifier !== undefined && QUALIFIERS.has(qualifier))
      terms.push({ negated: minus === '-', qualifier, value })
    else terms.push({ negated: minus === '-', qualifier: null, value: prefix ? `${prefix}:${value}` : value })
  }
  return terms
}

function visible(call: Call, fullName: string): boolean {
  const repository = call.world.repository(fullName)
  if (!repository) return false
  const { identity } = call
  if (identity.kind !== 'installation') return true
  const name = repository.fullName.toLowerCase()
  const within = identity.repositories === 'all' || identity.repositories.has(name)
  return within && call.identities.covers(identity.installation, repository)
}

const allThreads = (call: Call): Hit[] =>
  [...call.world.repositories.values()]
    .filter(({ fullName }) => visible(call, fullName))
    .flatMap((repository) => [...repository.threads.values()].map((thread) => ({ repository, thread })))

/** Several `repo:`, `user:` and `org:` widen the search, unlike all other qualifiers. */
function matchesRepositories({ repository }: Hit, qualifiers: readonly Term[]): boolean {
  const scopes = qualifiers.filter(({ qualifier }) => ['repo', 'user', 'org'].includes(qualifier ?? ''))
  const inside = ({ qualifier, value }: Term) =>
    (qualifier === 'repo' ? repository.fullName : repository.owner.login).toLowerCase() ===
    value.toLowerCase()
  const wanted = scopes.filter(({ negated }) => !negated)
  return (wanted.length === 0 || wanted.some(inside)) && !scopes.some((term) => term.negated && inside(term))
}

function matchesTerm({ thread }: Hit, { qualifier, value, negated }: Term): boolean {
  const same = (other: string) => other.toLowerCase() === value.toLowerCase()
  const holds = (): boolean => {
    if (qualifier === 'is' || qualifier === 'type' || qualifier === 'state')
      return isKind(thread, value.toLowerCase())
    if (qualifier === 'author') return same(thread.user.login)
    if (qualifier === 'assignee') return thread.assignees.some(({ login }) => same(login))
    if (qualifier === 'label') return thread.labels.some(same)
    if (qualifier === 'no')
      return value === 'label' ? thread.labels.length === 0 : thread.assignees.length === 0
    return !negated
  }
  return holds() !== negated
}

function isKind({ pull, state }: ThreadState, kind: string): boolean {
  if (kind === 'issue') return pull === null
  if (kind === 'pr' || kind === 'pull-request') return pull !== null
  if (kind === 'open' || kind === 'closed') return state === kind
  if (kind === 'merged') return pull?.merged === true
  if (kind === 'draft') return pull?.draft === true
  throw invalid(`The search contains an unknown value: is:${kind}`)
}

/** All words, or with `OR` between them any. */
function containsWords({ thread }: Hit, words: readonly Term[], titleOnly: boolean): boolean {
  const where = `${thread.title}\n${titleOnly ? '' : (thread.body ?? '')}`.toLowerCase()
  const plain = words.filter(({ value }) => value !== 'OR' && value !== 'AND')
  const found = ({ value, negated }: Term) => where.includes(value.toLowerCase()) !== negated
  return words.some(({ value }) => value === 'OR') ? plain.some(found) : plain.every(found)
}

function order(call: Call, hits: readonly Hit[]): Hit[] {
  const key = call.query.get('sort') === 'updated' ? 'updatedAt' : 'createdAt'
  const ascending = call.query.get('order') === 'asc'
  const sorted = [...hits].sort(
    (a, b) => a.thread[key].localeCompare(b.thread[key]) || a.thread.number - b.thread.number,
  )
  return ascending ? sorted : sorted.toReversed()
}

function rateLimit({ limits }: Call): Reply {
  const [core, search, graphql] = ['core', 'search', 'graphql'].map(limits.overview)
  return json(200, { resources: { core, search, graphql }, rate: core })
}
