// The chat, connected to the service: what its commands ask of the stages, put together here.
import { maySeeRun, visibleTrail } from '../api/visible.ts'
import { type Chat, type ChatOptions, createChat } from '../chat/chat.ts'
import type { User } from '../config/config.ts'
import { traceTarget } from '../explain/why.ts'
import type { Principal } from '../receive/auth.ts'
import { invokeModule } from '../receive/invoke.ts'
import { checkHandlerInput } from '../run/inspect-handlers.ts'
import type { Shared } from './stages.ts'

export type ConnectChatOptions = Shared &
  Pick<ChatOptions, 'answer' | 'onSettings'> & { readonly version: string }

/** A chat that does nothing before `start`. */
export function connectChat(options: ConnectChatOptions): Chat {
  const { now, store, pool, mayHear, clock, version } = options
  const startedAt = clock()
  const invoking = {
    ...options,
    checkInput: (module: Parameters<typeof checkHandlerInput>[0], input: unknown) =>
      checkHandlerInput(module, input, now().handlers, pool),
  }
  return createChat({
    ...options,
    world: {
      ...options,
      async startRun(user, module, { entity, key }) {
        const body = { idempotency_key: key, ...(entity === undefined ? {} : { entity }) }
        return (await invokeModule(invoking, principalOf(user), module, body)).run_id
      },
      async trace(user, target) {
        const trail = await traceTarget(store, target)
        return trail && visibleTrail(viewerOf(user), trail, mayHear)
      },
      maySee: (user, run) => maySeeRun(viewerOf(user), run, mayHear),
      about: () => ({ version, upMs: clock() - startedAt, agent: now().agent.describe().backend }),
    },
  })
}

const viewerOf = (user: User) => ({ user, isAdmin: user.role === 'admin' })

/** A user who speaks by chat: with all scopes, and no more power than the user has. */
const principalOf = (user: User): Principal => ({ name: '@telegram', ...viewerOf(user), has: () => true })
