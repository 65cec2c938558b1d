// ctx.github's way out. In comes whatever a module's Octokit (or a module that speaks the wire itself) asks for;
// out goes only what stays inside the run's repository and, when it writes, what `may` opens on the run's subject.
// Everything that is not allowed here by name is refused.
import { PermanentError } from '../../lib/errors.ts'
import type { EffectDeps } from './effects.ts'
import { withoutForeignIssues } from './gate-answers.ts'
import { type GateAddress, readAddress } from './gate-path.ts'
import { GATE_WRITES, type GateWrite, currentHead } from './gate-writes.ts'
import { type Named, answerHeaders, requestHeaders } from './gate-headers.ts'
import { type GitHubAnswer, isRead, toFailure } from './refusal.ts'
import { type RunScope, ownerAndName } from './scope.ts'
import { isHitOf, pinQuery } from './search-query.ts'

/** A request as a module process sends it; nothing in it is trusted. */
export interface FetchRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

export interface FetchAnswer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: string
}

const MAX_REQUEST_BYTES = 1_048_576
const MAX_ANSWER_BYTES = 32 * 1_048_576
/** Reads inside a repository whose answers hold credentials or their names. */
const SECRET_READS =
  /^(?:hooks|keys|secret-scanning|(?:actions|codespaces|dependabot|environments\/.+)\/(?:[^/]+-)?(?:secrets|variables))(?![\w-])/i
/** In these a colon names a branch of another repository of the fork network (`compare/main...acme:branch`). */
const BRANCHES_OF_FORKS = /^(?:compare|commits|dependency-graph\/compare)\/.*:/
/** Analyses of other repositories, kept in this one. */
const ABOUT_OTHERS = /^code-scanning\/codeql\/variant-analyses(?![\w-])/i
const SEARCHES = ['issues', 'code', 'commits']
const SEARCH_PARAMETERS = ['sort', 'order', 'per_page', 'page']

/**
 * Serves one request of a module. GitHub's 4xx and 5xx are answers, as they are to any Octokit.
 * @throws PermanentError `missing_grant` for all that is not allowed, `invalid_argument` for a body that does not fit
 * its route, GitHub's 401 and redirects; SupersededError before a write when the head has moved.
 */
export async function brokeredFetch(
  deps: EffectDeps,
  scope: RunScope,
  request: FetchRequest,
): Promise<FetchAnswer> {
  const method = request.method.toUpperCase()
  const address = readAddress(deps.github.apiUrl, request.url)
  if (typeof address === 'string') throw refused(scope, method, request.url, address)
  if (Buffer.byteLength(request.body ?? '') > MAX_REQUEST_BYTES) {
    throw refused(scope, method, address.path, `the body is larger than ${MAX_REQUEST_BYTES} bytes`)
  }
  if (address.segments[0]?.toLowerCase() === 'graphql') {
    throw refused(
      scope,
      method,
      address.path,
      'GraphQL cannot be held to one repository; use REST routes or the subject’s verbs',
    )
  }
  const headers = requestHeaders(request.headers)
  if (typeof headers === 'string') throw refused(scope, method, address.path, headers)
  if (!isRead(method)) return write(deps, scope, method, address, headers, request.body)
  if (address.segments[0] === 'search') return searched(deps, scope, method, address, headers)
  return read(deps, scope, method, address, headers)
}

async function read(deps: EffectDeps, scope: RunScope, method: string, address: GateAddress, headers: Named) {
  const query = address.query.size === 0 ? '' : `?${address.query}`
  const inside = insideRepository(scope, address)
  const isRateLimit = address.path === '/rate_limit'
  if (!isRateLimit && inside === null) {
    throw refused(
      scope,
      method,
      address.path,
      `this run reads inside /repos/${scope.repository} and /search alone`,
    )
  }
  const why = inside === null ? null : closedRead(inside.join('/'), address.query)
  if (why !== null) throw refused(scope, method, address.path, why)
  const answer = await send(deps, scope, { method, path: address.path + query, headers, body: null })
  if (!/^application\/json\b/i.test(answer.headers['content-type'] ?? '')) return answer
  const body = withoutForeignIssues(scope.repository, answer.body)
  if (body === null)
    throw refused(scope, method, address.path, 'it answers with an issue of another repository')
  return { ...answer, body }
}

/** Why no module reads this of its own repository; null: it may. */
function closedRead(inside: string, query: URLSearchParams): string | null {
  if (SECRET_READS.test(inside)) return 'it tells of the repository’s credentials, and no grant opens those'
  if (BRANCHES_OF_FORKS.test(inside))
    return 'it names a branch of another repository; name commits of this one'
  if (ABOUT_OTHERS.test(inside)) return 'it tells of other repositories'
  // GitHub would answer with a script around the JSON, which nothing here looks into.
  if ([...query.keys()].some((name) => /^callback\b/i.test(name)))
    return 'answers are JSON, not calls of a function'
  return null
}

async function searched(
  deps: EffectDeps,
  scope: RunScope,
  method: string,
  address: GateAddress,
  headers: Named,
) {
  const { segments, query } = address
  const [asked, ...more] = query.getAll('q')
  if (segments.length !== 2 || !SEARCHES.includes(segments[1] ?? '') || more.length > 0) {
    throw refused(scope, method, address.path, `modules search ${SEARCHES.join(', ')}, each with one \`q\``)
  }
  const pinned = new URLSearchParams({ q: pinQuery(scope.repository, asked ?? '') })
  for (const name of SEARCH_PARAMETERS) {
    const value = query.get(name)
    if (value !== null) pinned.set(name, value)
  }
  const answer = await send(deps, scope, { method, path: `${address.path}?${pinned}`, headers, body: null })
  return answer.status === 200 && method === 'GET'
    ? { ...answer, body: onlyHits(scope, answer.body) }
    : answer
}

/** The search's answer without hits of other repositories, should any have come through. */
function onlyHits(scope: RunScope, body: string): string {
  const found = JSON.parse(body) as { items: unknown[]; total_count: number }
  const items = found.items.filter((hit) => isHitOf(scope.repository, hit))
  const total_count = items.length === found.items.length ? found.total_count : items.length
  return JSON.stringify({ ...found, total_count, items })
}

async function write(
  deps: EffectDeps,
  scope: RunScope,
  method: string,
  address: GateAddress,
  headers: Named,
  raw: string | null,
): Promise<FetchAnswer> {
  const inside = insideRepository(scope, address)
  const matches = inside === null ? [] : GATE_WRITES.flatMap((known) => match(known, method, inside))
  const [found] = matches
  if (found === undefined || address.query.size > 0) {
    throw refused(scope, method, address.path, `no grant opens it; \`may\` opens ${openedBy(scope)}`)
  }
  const { grant } = found.known
  if (!scope.may.includes(grant)) {
    throw refused(scope, method, address.path, `add \`${grant}\` to \`may\` in its module.yaml`)
  }
  const number = scope.subject?.number ?? null
  if (number === null) throw refused(scope, method, address.path, 'this run has no subject to write on')
  if (found.number !== null && found.number !== String(number)) {
    throw refused(
      scope,
      method,
      address.path,
      `it writes on #${found.number}, and this run is about #${number}`,
    )
  }
  if (['review', 'check'].includes(grant) && scope.subject?.kind !== 'pull_request') {
    throw refused(scope, method, address.path, 'it needs a pull request, and this run is about an issue')
  }
  const headSha = await currentHead(deps, scope, number)
  const body = parseBody(scope, method, address, raw)
  const prepared = await found.known.prepare({ deps, scope, number, variable: found.variable, body, headSha })
  if ('refusal' in prepared) throw refused(scope, method, address.path, prepared.refusal)
  return send(deps, scope, {
    method,
    path: address.path,
    headers: { ...headers, ...(prepared.body === null ? {} : { 'content-type': 'application/json' }) },
    body: prepared.body === null ? null : JSON.stringify(prepared.body),
  })
}

/** The segments below the run's own repository, or null. */
function insideRepository(scope: RunScope, { segments }: GateAddress): string[] | null {
  const { owner, repo } = ownerAndName(scope.repository)
  const [root, first = '', second = '', ...inside] = segments
  const same =
    root === 'repos' &&
    first.toLowerCase() === owner.toLowerCase() &&
    second.toLowerCase() === repo.toLowerCase()
  return same ? inside : null
}

interface Match {
  readonly known: GateWrite
  /** What stands for `{n}`, when the route has one. */
  readonly number: string | null
  readonly variable: string
}

function match(known: GateWrite, method: string, inside: readonly string[]): Match[] {
  if (known.method !== method || known.route.length !== inside.length) return []
  let number: string | null = null
  let variable = ''
  for (const [i, expected] of known.route.entries()) {
    const segment = inside[i] ?? ''
    const isId = /^[1-9]\d{0,14}$/.test(segment)
    if (expected === '{n}' && isId) number = segment
    else if ((expected === '{id}' && isId) || expected === '{name}') variable = segment
    else if (expected !== segment) return []
  }
  return [{ known, number, variable }]
}

function openedBy(scope: RunScope): string {
  const opened = GATE_WRITES.map((known) => `${known.method} ${known.route.join('/')} (${known.grant})`)
  return `${opened.join(', ')} on its own subject; this module has ${scope.may.join(', ') || 'none of these'}`
}

function parseBody(scope: RunScope, method: string, address: GateAddress, raw: string | null): unknown {
  if (raw === null || raw === '') return null
  try {
    return JSON.parse(raw)
  } catch {
    throw refused(scope, method, address.path, 'the body is no JSON')
  }
}

async function send(
  deps: EffectDeps,
  scope: RunScope,
  request: { method: string; path: string; headers: Named; body: string | null },
): Promise<FetchAnswer> {
  const { github } = deps
  const answer = await github.send(scope.repository, { ...request, maxBytes: MAX_ANSWER_BYTES }, scope.signal)
  // The service's own credentials are wrong: nothing that a module could handle.
  if (answer.status === 401) {
    throw toFailure(answer, { ...request, repository: scope.repository, credential: github.credential })
  }
  return {
    status: answer.status,
    headers: answerHeaders(github.apiUrl, scope.repository, answer),
    body: textOf(scope, request, answer),
  }
}

function textOf(scope: RunScope, request: { method: string; path: string }, answer: GitHubAnswer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(answer.body)
  } catch {
    throw new PermanentError(
      `${request.method} ${request.path} (${scope.repository}) answers with bytes that are no text; ask for application/vnd.github+json, which has them in base64`,
      { reason: 'not_text' },
    )
  }
}

function refused(scope: RunScope, method: string, path: string, why: string): PermanentError {
  const what = `${method.slice(0, 20)} ${path.split('?')[0]?.slice(0, 200)}`
  return new PermanentError(`module ${scope.module} may not ${what}: ${why}`, { reason: 'missing_grant' })
}
