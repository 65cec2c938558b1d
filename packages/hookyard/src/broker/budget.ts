// Who may spend how much on agents. Before each question money is set aside, so that runs side by side cannot pass
// a cap together; what is only set aside is waited for, what is spent is a refusal. Sums come from the store.
import { toError } from '../lib/errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { RunStore, Spending, SpendingScope } from '../store/store.ts'
import type { Account, DayCap, RunCap } from './budget-caps.ts'
import { createSerial } from '../lib/serial.ts'

/** Less buys no answer, in USD. */
const SMALLEST_USD = 0.001

export interface BudgetQuestion {
  readonly runId: string
  readonly account: Account
  readonly days: readonly DayCap[]
  /** null = no cap per run. */
  readonly run: RunCap | null
  /** What the run has cost up to now, all its attempts together, in USD. */
  readonly runCostUsd: () => number
  readonly signal: AbortSignal
}

export interface Grant {
  /** null = no cap at all. */
  readonly maxUsd: number | null
  /** The cap that leaves the least. */
  readonly tightest: Cap | null
  /** To be called once, whatever came of it. False: the cost is not in the store, for the store could not write. */
  end(costUsd: number): Promise<boolean>
}

export interface Cap extends RunCap {
  /** In UTC, `2026-11-22`; null for a cap per run. */
  readonly day: string | null
}

export type Budget = ReturnType<typeof createBudget>

interface Reservation {
  readonly runId: string
  readonly account: Account
  readonly usd: number
}

/** One per process: what is set aside is known here alone, what is spent the store knows. */
export function createBudget(options: {
  readonly store: Pick<RunStore, 'spend' | 'spent'>
  readonly clock: Clock
  readonly log: Log
}) {
  const { store, clock, log } = options
  const open = new Set<Reservation>()
  /** What the store could not write; it counts until the process ends. */
  const unwritten: Spending[] = []
  const waiting = new Set<() => void>()
  const serial = createSerial()

  const today = () => new Date(clock()).toISOString().slice(0, 10)
  const held = (scope: SpendingScope) => sum([...open].filter(({ account }) => within(account, scope)))

  /** One look at all caps. `wait`: what is left is set aside for others. */
  async function look(question: BudgetQuestion): Promise<{ grant: Grant } | { spent: Cap } | 'wait'> {
    const day = today()
    const scopes = question.days.map(({ scope }) => scope)
    const sums = scopes.length === 0 ? [] : await store.spent(day, scopes)
    const caps = question.days.map((cap, index) => {
      const late = unwritten.filter((one) => one.day === day && within(one, cap.scope))
      return { ...cap, day, left: cap.limitUsd - (sums[index] ?? 0) - sum(late), held: held(cap.scope) }
    })
    const ofRun = [...open].filter(({ runId }) => runId === question.runId)
    const perRun = question.run && {
      ...question.run,
      day: null,
      left: question.run.limitUsd - question.runCostUsd(),
      held: sum(ofRun),
    }
    const all = perRun === null ? caps : [...caps, perRun]
    const spent = all.find(({ left }) => left < SMALLEST_USD)
    if (spent) return { spent }
    const tightest = all.reduce<(typeof all)[number] | null>(
      (least, cap) => (least === null || free(cap) < free(least) ? cap : least),
      null,
    )
    if (tightest === null) return { grant: setAside(question, null, null) }
    return free(tightest) < SMALLEST_USD ? 'wait' : { grant: setAside(question, tightest, free(tightest)) }
  }

  function setAside({ runId, account }: BudgetQuestion, tightest: Cap | null, maxUsd: number | null): Grant {
    const reservation = { runId, account, usd: maxUsd ?? 0 }
    open.add(reservation)
    return {
      maxUsd,
      tightest,
      // In one line with the looks, or one of them would see the money neither set aside nor spent.
      end: (costUsd) =>
        serial('budget', async () => {
          const written = await write({ runId, ...account, day: today(), usd: costUsd })
          open.delete(reservation)
          for (const wake of waiting) wake()
          return written
        }),
    }
  }

  async function write(spending: Spending): Promise<boolean> {
    if (spending.usd <= 0) return true
    try {
      await store.spend(spending)
      return true
    } catch (thrown) {
      unwritten.push(spending)
      log.error(
        { err: toError(thrown), run: spending.runId, usd: spending.usd },
        'what an agent cost could not be stored',
      )
      return false
    }
  }

  return {
    /** Sets money aside, waiting for what others hold, or names the cap that is spent. @throws the signal's reason. */
    async reserve(question: BudgetQuestion): Promise<{ grant: Grant } | { spent: Cap }> {
      for (;;) {
        question.signal.throwIfAborted()
        let wake: () => void = () => undefined
        const released = new Promise<void>((resolve) => (wake = resolve))
        // Listens before it looks: what is released in between is not missed.
        waiting.add(wake)
        question.signal.addEventListener('abort', wake)
        try {
          const seen = await serial('budget', () => look(question))
          if (seen !== 'wait') return seen
          await released
        } finally {
          waiting.delete(wake)
          question.signal.removeEventListener('abort', wake)
        }
      }
    },
  }
}

const free = (cap: { readonly left: number; readonly held: number }): number => cap.left - cap.held

const sum = (spendings: readonly { readonly usd: number }[]): number =>
  spendings.reduce((total, { usd }) => total + usd, 0)

const within = (account: Account, { module, repository, user }: SpendingScope): boolean =>
  (module === undefined || module === account.module) &&
  (repository === undefined || repository === account.repository) &&
  (user === undefined || user === account.user)
