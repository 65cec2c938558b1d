// A stand-in for GitHub: a real HTTP server that keeps repositories in memory, takes only what GitHub's own description
// of its API allows, and answers only as that description says. For the demo and for tests alike.
import type { Clock } from '../clock.ts'
import { systemClock } from '../clock.ts'
import { createFaults, delayed, spoil, spoils } from '../faults.ts'
import type { Fault, Faults } from '../faults.ts'
import { send, serveLoopback } from '../http.ts'
import type { Received, Reply } from '../http.ts'
import { answer } from './answer.ts'
import type { Desk } from './answer.ts'
import { sendDelivery } from './deliveries.ts'
import type { Outgoing } from './deliveries.ts'
import { loadDescription } from './description.ts'
import { createIdentities } from './identity.ts'
import type { AppOptions } from './identity.ts'
import { createRateLimit } from './rate-limit.ts'
import type { RecordedRequest, Violation } from './records.ts'
import { createScene } from './scene.ts'
import type { Scene } from './scene.ts'
import { createWorld } from './state.ts'
import type { HookDeliveryState, HookState } from './state.ts'

export interface GitHubOptions {
  /** The personal token that is accepted; default `ghp_standin`. */
  readonly token?: string
  /** Whose it is; default `hookyard-bot`. Administers every repository unless `setPermission` says otherwise. */
  readonly login?: string
  /** Default `User`. */
  readonly type?: 'User' | 'Bot'
  /** Serve a GitHub App beside the token. `hook`: the App's own webhook. */
  readonly app?: AppOptions & { readonly hook?: { readonly url: string; readonly secret: string } }
  readonly clock?: Clock
  /** Default: any free one. */
  readonly port?: number
}

/** What a test or the demo holds of a running stand-in. Repositories are `owner/name`, in any case. */
export interface GitHubStandin extends Scene {
  /** For `github.api_url`: `http://127.0.0.1:PORT`. */
  readonly url: string
  readonly token: string
  readonly login: string
  readonly requests: readonly RecordedRequest[]
  /** Empty, or somebody made a mistake: the program, or the stand-in itself (`answer`). */
  readonly violations: readonly Violation[]
  readonly failNext: (fault: Fault) => () => void
  /** How many requests are left until the limit is hit; `resetAt` in ms since the epoch. */
  setRateLimit(remaining: number, resetAt?: number): void
  /** Sends a webhook to the hooks of the repository (and to the App's) that listen to this event. */
  deliver(repository: string, outgoing: Outgoing): Promise<readonly HookDeliveryState[]>
  /** Resolves when every delivery under way (pings, redeliveries) has been answered. */
  settled(): Promise<void>
  close(): Promise<void>
}

/** Starts a stand-in. Rejects when the given port is taken. */
export async function startGitHub(options: GitHubOptions = {}): Promise<GitHubStandin> {
  const { token = 'ghp_standin', login = 'hookyard-bot', type = 'User', clock = systemClock } = options
  const world = createWorld(clock, login)
  const identities = createIdentities(world, clock, {
    token: { token, login, type },
    app: options.app ?? null,
  })
  const [requests, violations]: [RecordedRequest[], Violation[]] = [[], []]
  const faults = createFaults()
  const limits = createRateLimit(clock)
  const links = { api: '', html: 'https://github.com' }
  const appHook = options.app?.hook ? makeAppHook(options.app.hook, world.now()) : null
  const underWay = new Set<Promise<unknown>>()

  const track = (hook: HookState, outgoing: Outgoing) => {
    const sending = sendDelivery(world, hook, outgoing)
    underWay.add(sending)
    void sending.finally(() => underWay.delete(sending))
    return sending
  }
  const deliver = (hook: HookState, outgoing: Outgoing) => void track(hook, outgoing)
  const desk: Desk = {
    world,
    links,
    description: loadDescription(),
    identities,
    violations,
    appHook,
    deliver,
    limits,
  }

  const server = await serveLoopback(async (request, response) => {
    const record = recordOf(request, clock())
    requests.push(record)
    await serve(faults, request, record, {
      answer: async () => limits.headers(request, record, () => answer(desk, request, record)),
      send: (reply) => send(response, reply),
      spoil: (fault) => spoil(response, fault, usualError),
    })
  }, options.port)
  // Links point at the stand-in, whose port is known only now.
  links.api = server.url

  const scene = createScene(world)
  return {
    ...scene,
    url: server.url,
    token,
    login,
    requests,
    violations,
    failNext: faults.failNext,
    setRateLimit: limits.set,
    async deliver(fullName, outgoing) {
      const repository = world.repository(fullName)
      const hooks = [...(repository?.hooks.values() ?? []), ...(appHook ? [appHook] : [])]
      const listening = hooks.filter(
        ({ active, events }) => active && (events.includes('*') || events.includes(outgoing.event)),
      )
      return Promise.all(listening.map((hook) => track(hook, outgoing)))
    },
    async settled() {
      while (underWay.size > 0) await Promise.all(underWay)
    },
    close: () => server.close(),
  }
}

interface Exchange {
  readonly answer: () => Promise<Reply>
  readonly send: (reply: Reply) => void
  readonly spoil: (fault: Fault) => void
}

async function serve(
  faults: Faults,
  request: Received,
  record: RecordedRequest,
  exchange: Exchange,
): Promise<void> {
  const fault = faults.take(request.method, request.url.pathname)
  await delayed(fault)
  const spoiled = fault !== null && spoils(fault)
  if (spoiled && !fault.afterEffect) {
    record.status = fault.status ?? null
    return exchange.spoil(fault)
  }
  const reply = await exchange.answer()
  if (spoiled) {
    record.status = fault.status ?? null
    return exchange.spoil(fault)
  }
  record.status = reply.status
  exchange.send(reply)
}

function recordOf(request: Received, at: number): RecordedRequest {
  const text = request.body.toString('utf8')
  let body: unknown = text === '' ? null : text
  try {
    if (text !== '') body = JSON.parse(text) as unknown
  } catch {
    // Kept as text.
  }
  return {
    method: request.method,
    path: `${request.url.pathname}${request.url.search}`,
    body,
    at,
    auth: 'none',
    status: null,
  }
}

/** What GitHub says with these statuses when it is in trouble, or annoyed. */
function usualError(status: number): Reply {
  const messages: Readonly<Record<number, string>> = {
    403: 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
    404: 'Not Found',
    429: 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
    500: 'Server Error',
    502: 'Server Error',
    503: 'Service Unavailable',
  }
  const message = messages[status] ?? 'Failed as ordered'
  return {
    status,
    body: { message, documentation_url: 'https://docs.github.com/rest', status: String(status) },
  }
}

function makeAppHook({ url, secret }: { url: string; secret: string }, now: string): HookState {
  return {
    id: 1,
    active: true,
    events: ['*'],
    url,
    secret,
    contentType: 'json',
    createdAt: now,
    updatedAt: now,
    deliveries: [],
  }
}
