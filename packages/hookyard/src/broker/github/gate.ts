// ctx.github's way out: only what stays inside the run's repository and, when it writes, what `may` opens on the run's
// subject. Everything that is not allowed here by name is refused.
import { PermanentError } from '../../lib/errors.ts'
import { Call, type EffectDeps } from './call.ts'
import { checkHead } from './effects.ts'
import { answerHeaders, requestHeaders, withoutForeignIssues } from './gate-answers.ts'
import { type GateAddress, readAddress } from './gate-path.ts'
import { GATE_WRITES, type GateWrite } from './gate-writes.ts'
import { type GitHubAnswer, isRead, toFailure } from './errors.ts'
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
/** Reads inside a repository whose answers hold credentials or their names. */
const SECRET_READS =
  /^(?:hooks|keys|secret-scanning|(?:actions|codespaces|dependabot|environments\/.+)\/(?:[^/]+-)?(?:secrets|variables))(?![\w-])/i
/** In these a colon names a branch of another repository of the fork network (`compare/main...acme:branch`). */
const BRANCHES_OF_FORKS = /^(?:compare|commits|dependency-graph\/compare)\/.*:/
/** Analyses of other repositories, kept in this one. */
const ABOUT_OTHERS = /^code-scanning\/codeql\/variant-analyses(?![\w-])/i
const SEARCHES = ['issues', 'code', 'commits']
const SEARCH_PARAMETERS = ['sort', 'order', 'per_page', 'page']

/** A request at the gate. @throws PermanentError missing_grant */
function atGate(deps: EffectDeps, scope: RunScope, { url, body, ...request }: FetchRequest) {
  const { github } = deps
  const { repository, signal } = scope
  const method = request.method.toUpperCase()
  const address = readAddress(github.apiUrl, url)
  /** Why a module's call to GitHub does not go out. */
  const refuse = (why: string): PermanentError => {
    const path = typeof address === 'string' ? url : address.path
    const what = `${method.slice(0, 20)} ${path.split('?')[0]?.slice(0, 200)}`
    return new PermanentError(`module ${scope.module} may not ${what}: ${why}`, { reason: 'missing_grant' })
  }
  if (typeof address === 'string') throw refuse(address)
  if (Buffer.byteLength(body ?? '') > MAX_REQUEST_BYTES)
    throw refuse(`the body is larger than ${MAX_REQUEST_BYTES} bytes`)
  if (address.segments[0]?.toLowerCase() === 'graphql')
    throw refuse('GraphQL cannot be held to one repository; use REST routes or the subject’s verbs')
  const given = requestHeaders(request.headers)
  if (typeof given === 'string') throw refuse(given)
  const send = async (query = '', sent: string | null = null): Promise<FetchAnswer> => {
    const headers = { ...given, ...(sent !== null && { 'content-type': 'application/json' }) }
    const outgoing = { method, path: address.path + query, headers, body: sent }
    const answer = await github.send(repository, outgoing, signal)
    // The service's own credentials are wrong: nothing that a module could handle.
    if (answer.status === 401)
      throw toFailure(answer, { ...outgoing, repository, credential: github.credential })
    return {
      status: answer.status,
      headers: answerHeaders(github.apiUrl, repository, answer),
      body: textOf(`${method} ${outgoing.path} (${repository})`, answer),
    }
  }
  return { deps, scope, method, address, body, refuse, send }
}

type Gate = ReturnType<typeof atGate>

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
  const gate = atGate(deps, scope, request)
  if (!isRead(gate.method)) return write(gate)
  return gate.address.segments[0] === 'search' ? searched(gate) : read(gate)
}

async function read(gate: Gate): Promise<FetchAnswer> {
  const { scope, address } = gate
  const inside = insideRepository(scope, address)
  if (inside === null && address.path !== '/rate_limit')
    throw gate.refuse(`this run reads inside /repos/${scope.repository} and /search alone`)
  const why = inside === null ? null : closedRead(inside.join('/'), address.query)
  if (why !== null) throw gate.refuse(why)
  const answer = await gate.send(address.query.size === 0 ? '' : `?${address.query}`)
  if (!/^application\/json\b/i.test(answer.headers['content-type'] ?? '')) return answer
  const body = withoutForeignIssues(scope.repository, answer.body)
  if (body === null) throw gate.refuse('it answers with an issue of another repository')
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

async function searched(gate: Gate): Promise<FetchAnswer> {
  const { scope, method } = gate
  const { segments, query } = gate.address
  const [asked, ...more] = query.getAll('q')
  if (segments.length !== 2 || !SEARCHES.includes(segments[1] ?? '') || more.length > 0)
    throw gate.refuse(`modules search ${SEARCHES.join(', ')}, each with one \`q\``)
  const pinned = new URLSearchParams({ q: pinQuery(scope.repository, asked ?? '') })
  for (const name of SEARCH_PARAMETERS) {
    const value = query.get(name)
    if (value !== null) pinned.set(name, value)
  }
  const answer = await gate.send(`?${pinned}`)
  if (answer.status !== 200 || method !== 'GET') return answer
  // Without hits of other repositories, should any have come through.
  const found = JSON.parse(answer.body) as { items: unknown[]; total_count: number }
  const items = found.items.filter((hit) => isHitOf(scope.repository, hit))
  const total_count = items.length === found.items.length ? found.total_count : items.length
  return { ...answer, body: JSON.stringify({ ...found, total_count, items }) }
}

async function write(gate: Gate): Promise<FetchAnswer> {
  const { deps, scope, method, address } = gate
  const inside = insideRepository(scope, address)
  const [found] = inside === null ? [] : GATE_WRITES.flatMap((known) => match(known, method, inside))
  if (found === undefined || address.query.size > 0)
    throw gate.refuse(`no grant opens it; \`may\` opens ${openedBy(scope)}`)
  const { grant } = found.known
  if (!scope.may.includes(grant)) throw gate.refuse(`add \`${grant}\` to \`may\` in its module.yaml`)
  const number = scope.subject?.number ?? null
  if (number === null) throw gate.refuse('this run has no subject to write on')
  if (found.number !== null && found.number !== String(number))
    throw gate.refuse(`it writes on #${found.number}, and this run is about #${number}`)
  if (['review', 'check'].includes(grant) && scope.subject?.kind !== 'pull_request')
    throw gate.refuse('it needs a pull request, and this run is about an issue')
  const headSha = await checkHead(deps, scope, number)
  const body = parseBody(gate)
  const call = new Call(deps, scope, 'ctx.github', [])
  const prepared = await found.known.prepare({ call, number, variable: found.variable, body, headSha })
  if (typeof prepared === 'string') throw gate.refuse(prepared)
  return gate.send('', prepared === null ? null : JSON.stringify(prepared))
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
  const opened = GATE_WRITES.map(({ operation, grant }) => `${operation} (${grant})`)
  return `${opened.join(', ')} on its own subject; this module has ${scope.may.join(', ') || 'none of these'}`
}

function parseBody(gate: Gate): unknown {
  if (gate.body === null || gate.body === '') return null
  try {
    return JSON.parse(gate.body)
  } catch {
    throw gate.refuse('the body is no JSON')
  }
}

function textOf(what: string, { body }: GitHubAnswer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
  } catch {
    throw new PermanentError(
      `${what} answers with bytes that are no text; ask for application/vnd.github+json, which has them in base64`,
      { reason: 'not_text' },
    )
  }
}
