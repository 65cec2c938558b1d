// What a run tells its people while it goes on: by `ctx.notify`, and by the broker itself.
import { createHash } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'
import type { Redactor } from '../lib/redactor.ts'
import { toldMessage } from '../send/run-message.ts'
import type { ClaimedRun, OutboxStore } from '../store/store.ts'
import type { RunLimits } from './run-limits.ts'

export interface NoticeOptions {
  readonly store: { readonly outbox: Pick<OutboxStore, 'add' | 'keysOfRun'> }
  /** The address of a user by name; null when the user is gone. */
  readonly addressOf: (user: string) => string | null
  /** Users who do not want to be told of this entity now. */
  readonly isMuted?: (user: string, entity: string) => boolean
  /** Takes the installation's secrets out of what a module says. */
  readonly redact?: Redactor
  readonly clock: Clock
  /** A message or a run was added. */
  readonly onAdded: () => void
}

/** The notices of one attempt. */
export function createNotices(options: NoticeOptions, run: ClaimedRun, caps: RunLimits) {
  const { store, addressOf, isMuted, redact, clock, onAdded } = options
  const { id: runId, attempt, delivery, entity, recipients } = run
  const said = new Map<string, number>()
  let earlier: Promise<ReadonlySet<string>> | undefined

  /** Their keys without addresses: a message to several people is one. */
  async function ofEarlierAttempts(): Promise<ReadonlySet<string>> {
    const notice = new RegExp(`^run:${runId}:notify:[0-9a-f]+:[0-9]+:`)
    const keys = await store.outbox.keysOfRun(runId)
    return new Set(keys.flatMap((key) => notice.exec(key)?.[0] ?? []))
  }

  /** One message to each address of the run's recipients; `tainted`: an agent may have written it. */
  async function say(text: string, keyOf: (address: string) => string, tainted = false): Promise<void> {
    const told = recipients.filter((user) => !isMuted?.(user, entity))
    const addresses = new Set(told.map((user) => addressOf(user) ?? 'log:'))
    const message = toldMessage(redact?.(text) ?? text, tainted)
    const row = { message, runId, delivery, createdAt: clock() }
    await store.outbox.add([...addresses].map((address) => ({ address, dedupeKey: keyOf(address), ...row })))
    onAdded()
  }

  return {
    say,
    /** A text goes out as often as one attempt says it; a retry that repeats it is silent. @throws OverLimitError */
    async notify(text: string, tainted: boolean): Promise<void> {
      const fingerprint = createHash('sha256').update(text).digest('hex').slice(0, 16)
      const count = (said.get(fingerprint) ?? 0) + 1
      said.set(fingerprint, count)
      const key = `run:${runId}:notify:${fingerprint}:${count}:`
      caps.count('messages', key)
      if (attempt > 1) caps.count('messages', key, await (earlier ??= ofEarlierAttempts()))
      await say(text, (address) => `${key}${address}`, tainted)
    },
  }
}
