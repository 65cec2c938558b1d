// The HTTP server: what is common to all routes (limits, errors, headers), and the list of the routes.
import Fastify, { type FastifyInstance } from 'fastify'
import type { Access } from '../access/access.ts'
import { toError } from '../lib/errors.ts'
import type { Store } from '../store/store.ts'
import { type Auth, createAuth } from './auth.ts'
import { jsonBody } from './body.ts'
import { BodyBudget } from './body-budget.ts'
import { limitConnections } from './connections.ts'
import { answerClientError, createErrorHandler, installErrors } from './errors.ts'
import { type GitHubDeps, githubRoute } from './github.ts'
import { type InboundDeps, inboundRoute } from './inbound.ts'
import { type TelegramUpdates, telegramRoute } from './telegram.ts'

/** What the server needs of the rest. The getters answer with what is in force: a reload swaps it. */
export interface ServerDeps extends GitHubDeps, InboundDeps {
  readonly access: () => Access
  readonly store: Store
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

const MIB = 1_048_576
/** Sizes in bytes, times in ms. */
const LIMITS = {
  /** Of `/webhook/*`. */
  webhookBodyBytes: 25 * MIB,
  /** Of every other route, `/webhook` included. */
  bodyBytes: MIB,
  /** What all bodies of GitHub's webhook may hold together while they arrive, large ones until they are answered. */
  heldBytes: 128 * MIB,
  /** The part of it that only bodies under 1 MiB may use. */
  reserveBytes: 64 * MIB,
  /** What all other bodies may hold together. Their senders have shown a secret. */
  apiHeldBytes: 64 * MIB,
  /** Bytes per second after `graceMs`. A home line of 1 Mbit/s has 125 KiB/s; GitHub itself gives up after 10 s. */
  minPace: 16 * 1_024,
  graceMs: 5_000,
  /** Deliveries that wait for the disk; further ones are answered 503. */
  waiting: 10_000,
  connections: 1_000,
  /** From the first byte of a request to its last. */
  requestMs: 60_000,
  headersMs: 20_000,
  /** How often the times above, and paces, are checked. */
  checkMs: 5_000,
  /** How long a closing server waits for what is under way. */
  drainMs: 10_000,
}
export type ServerLimits = Readonly<typeof LIMITS>

/** Builds the server; `listen` and `close` are the caller's. */
export function createServer(deps: ServerDeps, limits: Partial<ServerLimits> = {}): FastifyInstance {
  const all = { ...LIMITS, ...limits }
  const { webhookBodyBytes, bodyBytes, requestMs, headersMs, checkMs } = all
  const { trustProxy } = deps.config().server
  const handleError = createErrorHandler(deps.log, deps.onRefused)
  const app = Fastify({
    logger: false,
    bodyLimit: bodyBytes,
    trustProxy: trustProxy.length > 0 && [...trustProxy],
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
  app.decorateRequest('principal', null)
  app.decorateRequest('bodyShare', null)

  const budgets = createBudgets(app, all)
  limitConnections(app, all, () => budgets.github.dropSlowest() || budgets.api.dropSlowest())
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', jsonBody(bodyBytes, budgets.api))

  const auth = createAuth(deps)
  healthRoutes(app, deps, () => closing || (deps.stopping?.() ?? false))
  githubRoute(app, deps, all, budgets.github)
  inboundRoute(app, deps, bodyBytes, budgets.api)
  telegramRoute(app, deps, webhookBodyBytes, budgets.api)
  deps.api?.(app, auth)
  return app
}

/** Strangers may fill GitHub's; who may send to the other routes is known before a body is read. */
function createBudgets(app: FastifyInstance, limits: ServerLimits) {
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

/** For machines that watch: `GET /health`, alive; `GET /ready`, able to take work. */
function healthRoutes(app: FastifyInstance, { store, log }: ServerDeps, stopping: () => boolean): void {
  app.get('/health', () => ({ status: 'ok' }))

  app.get('/ready', async (_request, reply) => {
    if (!stopping()) {
      try {
        // A write, or the last one's outcome: a full disk still answers what it is asked.
        await store.ping()
        return { status: 'ok' }
      } catch (thrown) {
        log.warn({ err: toError(thrown) }, 'not ready: nothing can be stored')
      }
    }
    return reply.code(503).header('retry-after', '10').send({ status: 'unavailable' })
  })
}
