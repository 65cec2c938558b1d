// The HTTP server: what is common to all routes (limits, errors, headers), and the list of the routes.
import Fastify, { type FastifyInstance } from 'fastify'
import type { Access } from '../access/access.ts'
import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Accepted, NewDelivery, Store } from '../store/store.ts'
import { type Auth, createAuth } from './auth.ts'
import { jsonBody } from './body.ts'
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
  /** What all requests under way may hold together while their bodies arrive. */
  readonly heldBytes: number
  /** From the first byte of a request to its last. */
  readonly requestMs: number
  readonly headersMs: number
  /** How often the two above are checked. */
  readonly checkMs: number
  /** How long a closing server waits for what is under way. */
  readonly drainMs: number
}

const MIB = 1_048_576
const LIMITS: ServerLimits = {
  webhookBodyBytes: 25 * MIB,
  bodyBytes: MIB,
  heldBytes: 256 * MIB,
  requestMs: 60_000,
  headersMs: 20_000,
  checkMs: 5_000,
  drainMs: 10_000,
}

/** Builds the server; `listen` and `close` are the caller's. */
export function createServer(deps: ServerDeps, limits: Partial<ServerLimits> = {}): FastifyInstance {
  const { webhookBodyBytes, bodyBytes, heldBytes, requestMs, headersMs, checkMs, drainMs } = {
    ...LIMITS,
    ...limits,
  }
  const handleError = createErrorHandler(deps.log, deps.onRefused)
  const app = Fastify({
    logger: false,
    bodyLimit: bodyBytes,
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

  const budget = { maxBytes: heldBytes, held: 0 }
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', jsonBody(bodyBytes, budget))

  const auth = createAuth(deps)
  healthRoutes(app, { ...deps, stopping: () => closing || (deps.stopping?.() ?? false) })
  githubRoute(app, deps, webhookBodyBytes, budget)
  inboundRoute(app, deps, bodyBytes, budget)
  telegramRoute(app, deps, webhookBodyBytes, budget)
  deps.api?.(app, auth)
  return app
}
