// For machines that watch: alive (`/health`), and able to take work (`/ready`).
import type { FastifyInstance } from 'fastify'
import { toError } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import type { Store } from '../store/store.ts'

export interface HealthDeps {
  readonly store: Pick<Store, 'ping'>
  readonly log: Log
  readonly stopping: () => boolean
}

/** `GET /health`, `GET /ready`. */
export function healthRoutes(app: FastifyInstance, { store, log, stopping }: HealthDeps): void {
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
