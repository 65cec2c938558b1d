// One request through the stand-in, from its credentials to its answer: known operation? as described? allowed? done;
// and is our own answer as described? Nothing here knows sockets.
import { createHash } from 'node:crypto'
import type { Received, Reply } from '../http.ts'
import { checkAccess } from './access.ts'
import type { Description, Operation } from './description.ts'
import { executeGraphql } from './graphql/execute.ts'
import { graphRoot } from './graphql/graph.ts'
import type { Identities, Identity } from './identity.ts'
import { isObject } from '../is-object.ts'
import type { RecordedRequest, Violation } from './records.ts'
import { Refusal, notFound } from './refusal.ts'
import type { Links } from './render/account.ts'
import { appRoutes } from './routes/apps.ts'
import type { Call, Routes } from './routes/call.ts'
import { hookRoutes } from './routes/hooks.ts'
import { issueRoutes } from './routes/issues.ts'
import { pullRoutes } from './routes/pulls.ts'
import { repositoryRoutes } from './routes/repository.ts'
import { reviewRoutes } from './routes/reviews.ts'
import { searchRoutes } from './routes/search.ts'
import { atLeast, roleOf } from './state.ts'
import type { RepositoryState, World } from './state.ts'

/** Every operation that is served, by its id in the description. */
export const ROUTES: Routes = {
  ...repositoryRoutes,
  ...pullRoutes,
  ...reviewRoutes,
  ...issueRoutes,
  ...hookRoutes,
  ...appRoutes,
  ...searchRoutes,
}

export interface Desk {
  readonly world: World
  readonly links: Links
  readonly description: Description
  readonly identities: Identities
  readonly violations: Violation[]
  readonly appHook: Call['appHook']
  readonly deliver: Call['deliver']
  readonly limits: Call['limits']
}

const DOCS = 'https://docs.github.com/rest'

/** Answers the request; every refusal is an answer too. Rejects only on a bug of the stand-in. */
export async function answer(desk: Desk, request: Received, record: RecordedRequest): Promise<Reply> {
  const violate = (kind: Violation['kind'], message: string) =>
    desk.violations.push({ kind, method: request.method, path: record.path, message })
  let operation: Operation | null = null
  try {
    if (!request.headers['user-agent']) {
      throw new Refusal(
        403,
        'Request forbidden by administrative rules. Please make sure your request has a User-Agent header',
      )
    }
    const identity = identify(desk, request, record)
    if (request.url.pathname === '/graphql') return answerGraphql(desk, identity, request, violate)
    const found = desk.description.find(request.method, request.url.pathname)
    if (!found) {
      violate(
        'operation',
        `${request.method} ${request.url.pathname} is not served: see scripts/extract-openapi.ts`,
      )
      throw notFound()
    }
    operation = found.operation
    const body = readBody(request)
    const problems = desk.description.checkRequest(operation, {
      params: found.params,
      query: request.url.searchParams,
      body,
    })
    for (const { kind, message } of problems) violate(kind === 'undescribed' ? kind : 'request', message)
    const wrong = problems.find(({ kind }) => kind !== 'undescribed')
    if (wrong)
      throw wrong.kind === 'path' ? notFound() : new Refusal(422, `Invalid request.\n\n${wrong.message}`)

    const repository = findRepository(desk, identity, found.params)
    checkAccess(desk.identities, identity, operation, repository)
    const reply = await ROUTES[operation.id]?.({
      ...desk,
      identity,
      operation,
      params: found.params,
      query: request.url.searchParams,
      body: isObject(body) ? body : {},
      accept: request.headers.accept ?? '',
      repository,
    })
    if (!reply) throw new Error(`${operation.id} is described, but has no route`)
    return withEtag(request, checked(desk, operation, reply, violate))
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const { status, message, errors } = error
    const docs = operation?.docs ?? DOCS
    const reply = {
      status,
      body: { message, ...(errors ? { errors } : {}), documentation_url: docs, status: String(status) },
    }
    return operation ? checked(desk, operation, reply, violate) : reply
  }
}

type Violate = (kind: Violation['kind'], message: string) => void

function identify(desk: Desk, request: Received, record: RecordedRequest): Identity {
  const { authorization } = request.headers
  record.auth = authorization === undefined ? 'none' : 'unknown'
  const identity = desk.identities.identify(authorization)
  record.auth = identity.kind
  return identity
}

function readBody(request: Received): unknown {
  if (request.body.length === 0) return undefined
  try {
    return JSON.parse(request.body.toString('utf8')) as unknown
  } catch {
    throw new Refusal(400, 'Problems parsing JSON')
  }
}

/** A private repository that the identity has no part in is as if it were not there. */
function findRepository(
  desk: Desk,
  identity: Identity,
  params: Record<string, string>,
): RepositoryState | null {
  const { owner, repo } = params
  if (owner === undefined || repo === undefined) return null
  const repository = desk.world.repository(`${owner}/${repo}`)
  if (!repository) throw notFound()
  if (identity.kind === 'token' && !atLeast(roleOf(repository, identity.account.login), 'read'))
    throw notFound()
  return repository
}

/** The reply, if it is as described; else the bug is told as a violation and as a 500. */
function checked(desk: Desk, operation: Operation, reply: Reply, violate: Violate): Reply {
  // A diff or a raw file is text; the description speaks of the JSON alone.
  if (typeof reply.body === 'string') return reply
  const sent: unknown = reply.body === undefined ? undefined : JSON.parse(JSON.stringify(reply.body))
  const wrong = desk.description.checkAnswer(operation, reply.status, sent)
  if (wrong.length === 0) return reply
  const message = `our own answer ${reply.status} of ${operation.id} is not as described: ${wrong.join('; ')}`
  violate('answer', message)
  return { status: 500, body: { message } }
}

/** GitHub's conditional requests: the same answer again is a 304. */
function withEtag(request: Received, reply: Reply): Reply {
  if (request.method !== 'GET' || reply.status !== 200) return reply
  const text = typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body)
  const etag = `W/"${createHash('sha256').update(text).digest('hex')}"`
  const headers = { ...reply.headers, etag }
  if (request.headers['if-none-match'] === etag) return { status: 304, headers }
  return { ...reply, headers }
}

function answerGraphql(desk: Desk, identity: Identity, request: Received, violate: Violate): Reply {
  const body = readBody(request)
  const { query, variables = {}, operationName = null } = isObject(body) ? body : {}
  const shaped =
    typeof query === 'string' &&
    isObject(variables ?? {}) &&
    (operationName === null || typeof operationName === 'string')
  if (request.method !== 'POST' || !shaped) {
    violate(
      'request',
      'POST /graphql takes {"query": string, "variables"?: object, "operationName"?: string}',
    )
    return { status: 400, body: { message: 'A query attribute must be specified and must be a string.' } }
  }
  const refuse = (errors: unknown) => {
    violate('request', `GraphQL: ${JSON.stringify(errors)}`)
    return { status: 200, body: { errors } }
  }
  const sees = (repository: RepositoryState) => seesRepository(desk, identity, repository)
  const root = graphRoot({ world: desk.world, links: desk.links, identity, sees })
  const result = executeGraphql(root, query, isObject(variables) ? variables : {}, operationName)
  return result.data === undefined ? refuse(result.errors) : { status: 200, body: result }
}

function seesRepository(desk: Desk, identity: Identity, repository: RepositoryState): boolean {
  if (identity.kind === 'app') return false
  if (identity.kind === 'token') return atLeast(roleOf(repository, identity.account.login), 'read')
  const within =
    identity.repositories === 'all' || identity.repositories.has(repository.fullName.toLowerCase())
  return within && desk.identities.covers(identity.installation, repository)
}
