// What a route is given, and the small things that every route does: find its subject, page a list, answer.
import type { Reply } from '../../http.ts'
import type { Operation } from '../description.ts'
import type { Identities, Identity } from '../identity.ts'
import { Refusal, notFound } from '../refusal.ts'
import type { RateLimit } from '../rate-limit.ts'
import type { Outgoing } from '../deliveries.ts'
import type { Links } from '../render/account.ts'
import { atLeast, roleOf } from '../state.ts'
import type { Account, HookState, PullState, RepositoryState, Role, ThreadState, World } from '../state.ts'

export interface Call {
  readonly world: World
  readonly links: Links
  readonly identities: Identities
  readonly identity: Identity
  readonly operation: Operation
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** `{}` when there was none. */
  readonly body: Readonly<Record<string, unknown>>
  readonly accept: string
  /** The repository of the path; null for paths without one. */
  readonly repository: RepositoryState | null
  /** The App's own webhook; null when there is none. */
  readonly appHook: HookState | null
  readonly limits: RateLimit
  /** Sends a delivery to the hook's URL in the background and records how it went. */
  readonly deliver: (hook: HookState, delivery: Outgoing) => void
}

/** Answers, or throws a Refusal. */
export type Route = (call: Call) => Reply | Promise<Reply>
/** By operation id. */
export type Routes = Readonly<Record<string, Route>>

/** An answer of JSON. */
export const json = (status: number, body: unknown, headers: Record<string, string> = {}): Reply => ({
  status,
  body,
  headers,
})

/** The answer of a deletion. */
export const noContent: Reply = { status: 204 }

/** @throws Refusal 404 when the path names no repository that is there. */
export function repositoryOf(call: Call): RepositoryState {
  if (!call.repository) throw notFound()
  return call.repository
}

/** The issue or pull request of the path. @throws Refusal 404. */
export function threadOf(call: Call): ThreadState {
  const number = Number(call.params.issue_number ?? call.params.pull_number)
  const thread = repositoryOf(call).threads.get(number)
  if (!thread) throw notFound()
  return thread
}

/** The pull request of the path. @throws Refusal 404, for an issue's number too. */
export function pullOf(call: Call): ThreadState & { readonly pull: PullState } {
  const thread = threadOf(call)
  if (!thread.pull) throw notFound()
  return thread as ThreadState & { readonly pull: PullState }
}

/** Who writes. @throws Refusal for an App's JWT, which is nobody. */
export function actor({ identity }: Call): Account {
  if (identity.kind === 'app') throw new Refusal(401, 'Bad credentials')
  return identity.account
}

/** @throws Refusal 403 when a personal token's account has less than `wanted`; installations have permissions instead. */
export function requireRole(call: Call, wanted: Role, refusal: () => Refusal = forbidden): void {
  const { identity } = call
  if (identity.kind !== 'token') return
  if (!atLeast(roleOf(repositoryOf(call), identity.account.login), wanted)) throw refusal()
}

const forbidden = () => new Refusal(403, 'Must have admin rights to Repository.')

/** One page of a list, with GitHub's `Link` header. `wrap` makes the answer of the page's entries. */
export function page<T>(
  call: Call,
  entries: readonly T[],
  render: (entry: T) => unknown,
  wrap: (rendered: unknown[]) => unknown = (rendered) => rendered,
): Reply {
  const size = Math.min(Math.max(Number(call.query.get('per_page') ?? 30), 1), 100)
  const current = Math.max(Number(call.query.get('page') ?? 1), 1)
  const last = Math.max(Math.ceil(entries.length / size), 1)
  const shown = entries.slice((current - 1) * size, current * size)
  const body = wrap(shown.map(render))
  const targets = [
    ...(current > 1 ? [['prev', current - 1] as const, ['first', 1] as const] : []),
    ...(current < last ? [['next', current + 1] as const, ['last', last] as const] : []),
  ]
  if (targets.length === 0) return json(200, body)
  const link = targets.map(([rel, number]) => `<${pageUrl(call, number)}>; rel="${rel}"`).join(', ')
  return json(200, body, { link })
}

function pageUrl(call: Call, number: number): string {
  const path = call.operation.path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(call.params[name] ?? ''),
  )
  const query = new URLSearchParams(call.query)
  query.set('page', String(number))
  return `${call.links.api}${path}?${query.toString()}`
}

/** Entries changed at or after `?since=`. */
export function since<T extends { readonly updatedAt: string }>(call: Call, entries: readonly T[]): T[] {
  const from = Date.parse(call.query.get('since') ?? '')
  return Number.isNaN(from) ? [...entries] : entries.filter(({ updatedAt }) => Date.parse(updatedAt) >= from)
}

/** The string, or undefined when it is something else. */
export const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
