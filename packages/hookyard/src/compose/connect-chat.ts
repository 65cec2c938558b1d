// The chat, connected to the service: what its commands ask of the stages, put together here.
import type { AskReading, MayHear } from '../access/reading.ts'
import { maySeeRun, visibleTrail } from '../api/visible.ts'
import type { AnswerRequest, Answered } from '../ask/answer.ts'
import { type Chat, createChat } from '../chat/chat.ts'
import type { User } from '../config/config.ts'
import { traceTarget } from '../explain/why.ts'
import type { InstalledParts } from './installed.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Principal } from '../receive/auth.ts'
import { invokeModule } from '../receive/invoke.ts'
import { checkHandlerInput } from '../run/inspect-handlers.ts'
import type { ProcessPool } from '../run/process-pool.ts'
import type { Store } from '../store/store.ts'

export interface ConnectChatOptions {
  /** The installation in force. */
  readonly now: () => InstalledParts
  readonly store: Store
  readonly pool: ProcessPool
  readonly mayHear: MayHear
  readonly askReading: AskReading
  readonly answer: (request: Omit<AnswerRequest, 'at'>) => Promise<Answered>
  /** Settings were written: the installation in force is to know them. */
  readonly onSettings: () => Promise<void>
  readonly wakeRuns: () => void
  readonly wakeOutbox: () => void
  readonly newRunId: () => string
  readonly version: string
  /** Names this process among others. */
  readonly owner: string
  readonly clock: Clock
  readonly log: Log
}

/** A chat that does nothing before `start`. */
export function connectChat(options: ConnectChatOptions): Chat {
  const { now, store, pool, mayHear, askReading, clock, version } = options
  const startedAt = clock()
  const config = () => now().config
  const invoking = {
    ...options,
    registry: () => now().registry,
    access: () => now().access,
    checkInput: (module: Parameters<typeof checkHandlerInput>[0], input: unknown) =>
      checkHandlerInput(module, input, now().handlers, pool),
  }
  return createChat({
    ...options,
    config,
    world: {
      config,
      registry: () => now().registry,
      access: () => now().access,
      store,
      async startRun(user, module, { entity, key }) {
        const body = { idempotency_key: key, ...(entity === undefined ? {} : { entity }) }
        return (await invokeModule(invoking, principalOf(user), module, body)).run_id
      },
      async trace(user, target) {
        const trail = await traceTarget(store, target)
        return trail && visibleTrail(viewerOf(user), trail, mayHear)
      },
      maySee: (user, run) => maySeeRun(viewerOf(user), run, mayHear),
      askReading,
      about: () => ({ version, upMs: clock() - startedAt, agent: now().agent.describe().backend }),
    },
  })
}

const viewerOf = (user: User) => ({ user, isAdmin: user.role === 'admin' })

/** A user who speaks by chat: with all scopes, and no more power than the user has. */
function principalOf(user: User): Principal {
  return { name: '@telegram', user, isAdmin: user.role === 'admin', has: () => true }
}
