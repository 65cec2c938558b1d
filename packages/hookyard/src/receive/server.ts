// The HTTP server: what is common to all routes (limits, errors, headers), and the list of the routes.
import Fastify, { type FastifyInstance } from 'fastify'
import type { Access } from '../access/access.ts'
import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Accepted, NewDelivery, Store } from '../store/store.ts'
import type { LargePayloads } from '../payload/large-payloads.ts'
import { type Auth, createAuth } from './auth.ts'
import { jsonBody } from './body.ts'
import { BodyBudget } from './body-budget.ts'
import { limitConnections } from './connections.ts'
import { installDrain } from './drain.ts'
import { answerClientError, createErrorHandler, installErrors } from './errors.ts'
import { githubRoute } from './github.ts'
import { healthRoutes } from './health.ts'
import { inboundRoute } from './inbound.ts'
import { type TelegramUpdates, telegramRoute } from './telegram.ts'

/** What the server needs of the rest. The getters answer with what is in force: a reload swaps it. */
export interface ServerDeps {
  readonly config: () => Config
  readonly access: () => Access
  /** Resolves once the delivery is on disk. */
  readonly accept: (delivery: NewDelivery) => Promise<Accepted>
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly wakeDispatch: () => void
  readonly wakeRuns: () => void
  readonly wakeOutbox: () => void
  readonly payloads: Pick<LargePayloads, 'describe'>
  /** Takes updates of the chat bot; absent: there is no chat. */
  readonly telegram?: TelegramUpdates
  /** Adds the routes of the API. */
  readonly api?: (app: FastifyInstance, auth: Auth) => void
  /** A request was refused, with this code. */
  readonly onRefused?: (code: string) => void
  /** The token in data_dir/server.json. */
  readonly localToken?: string
  /** True once the service is about to stop: `/ready` says so before the port closes. */
  readonly stopping?: () => boolean
}

/** Sizes in bytes, times in ms. */
export interface ServerLimits {
  /** Of `/webhook/*`. */
  readonly webhookBodyBytes: number
  /** Of every other route, `/webhook` included. */
  readonly bodyBytes: number
  /** What all bodies of GitHub's webhook may hold together while they arrive, large ones until they are answered. */
  readonly heldBytes: number
  /** The part of it that only bodies under 1 MiB may use. */
  readonly reserveBytes: number
  /** What all other bodies may hold together. Their senders have shown a secret. */
  readonly apiHeldBytes: number
  /** A body must keep up so many bytes per second once `graceMs` have passed. */
  readonly minPace: number
  readonly graceMs: number
  readonly connections: number
  /** From the first byte of a request to its last. */
  readonly requestMs: number
  readonly headersMs: number
  /** How often the times above, and paces, are checked. */
  readonly checkMs: number
  /** How long a closing server waits for what is under way. */
  readonly drainMs: number
}

const MIB = 1_048_576
const LIMITS: ServerLimits = {
  webhookBodyBytes: 25 * MIB,
  bodyBytes: MIB,
  heldBytes: 128 * MIB,
  reserveBytes: 64 * MIB,
  apiHeldBytes: 64 * MIB,
  // A home line of 1 Mbit/s has 125 KiB/s. GitHub itself gives up after 10 s.
  minPace: 16 * 1_024,
  graceMs: 5_000,
  connections: 1_000,
  requestMs: 60_000,
  headersMs: 20_000,
  checkMs: 5_000,
  drainMs: 10_000,
}

/** Builds the server; `listen` and `close` are the caller's. */
export function createServer(deps: ServerDeps, limits: Partial<ServerLimits> = {}): FastifyInstance {
  const all = { ...LIMITS, ...limits }
  const { webhookBodyBytes, bodyBytes, requestMs, headersMs, checkMs, drainMs } = all
  const handleError = createErrorHandler(deps.log, deps.onRefused)
  const app = Fastify({
    logger: false,
    bodyLimit: bodyBytes,
    trustProxy: trustedProxies(deps.config()),
    requestTimeout: requestMs,
    http: { requestTimeout: requestMs, headersTimeout: headersMs, connectionsCheckingInterval: checkMs },
    // A delivery's GUID may have 128 characters, each of them percent-encoded.
    routerOptions: { maxParamLength: 512 },
    // Requests that arrive while the port closes are answered as ever: what is accepted is stored.
    return503OnClosing: false,
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => void handleError(error, request, reply),
  })
  let closing = false
  app.addHook('preClose', (done) => {
    closing = true
    done()
  })

  installErrors(app, handleError)
  installDrain(app, drainMs)
  app.decorateRequest('principal', null)
  app.decorateRequest('bodyShare', null)

  const budgets = createBudgets(app, all)
  limitConnections(app, all.connections, () => budgets.github.dropSlowest() || budgets.api.dropSlowest())
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', jsonBody(bodyBytes, budgets.api))

  const auth = createAuth(deps)
  healthRoutes(app, { ...deps, stopping: () => closing || (deps.stopping?.() ?? false) })
  githubRoute(app, deps, webhookBodyBytes, budgets.github)
  inboundRoute(app, deps, bodyBytes, budgets.api)
  telegramRoute(app, deps, webhookBodyBytes, budgets.api)
  deps.api?.(app, auth)
  return app
}

/** Strangers may fill GitHub's; who may send to the other routes is known before a body is read. */
function createBudgets(app: FastifyInstance, limits: ServerLimits): { github: BodyBudget; api: BodyBudget } {
  const { heldBytes: maxBytes, reserveBytes, apiHeldBytes, minPace, graceMs, checkMs } = limits
  const github = new BodyBudget({ maxBytes, reserveBytes, minPace, graceMs })
  const api = new BodyBudget({ maxBytes: apiHeldBytes, reserveBytes: 0, minPace, graceMs })
  const everyMs = Math.min(checkMs, 1_000)
  const timer = setInterval(() => {
    for (const budget of [github, api]) budget.dropTooSlow(everyMs)
  }, everyMs)
  app.addHook('onClose', (_app, done) => {
    clearInterval(timer)
    done()
  })
  return { github, api }
}

/** In Fastify's words. */
const trustedProxies = ({ server }: Config): false | string[] =>
  server.trustProxy.length > 0 && [...server.trustProxy]
