// One question of a module to the agent, from the money set aside for it to the cost written down.
import type { ClaimedRun, NewMessage } from '../store/store.ts'
import type { Module } from '../registry/manifest.ts'
import type { AgentAnswer, AgentRequest } from '@hookyard/sdk/host'
import { PermanentAgentError, isAgentError, spentUsd } from './agent/agent-error.ts'
import type { Agent, AgentResult } from './agent/agent.ts'
import type { Budget, Cap } from './budget.ts'
import { accountOf, type BudgetConfig, dayCaps, runCap } from './budget-caps.ts'

/** What a run has cost and said, while it runs. */
export interface RunMoney {
  /** This attempt, in USD. */
  costUsd: number
  /** The part of it that the store could not write. */
  unwrittenUsd: number
  /** The run's people know why it stops: a cap per day is spent. */
  told: boolean
}

interface Asking {
  readonly run: ClaimedRun
  readonly module: Module
  readonly agent: Agent
  readonly budget: Budget
  readonly config: BudgetConfig
  readonly money: RunMoney
  readonly signal: AbortSignal
  /** Puts messages to the run's recipients into the outbox; `keyOf` makes the dedupe key of an address. */
  readonly tell: (text: string, keyOf: (address: string) => NewMessage['dedupeKey']) => Promise<void>
}

/** @throws what the agent throws; a refusal for money names the cap. */
export async function askAgent(asking: Asking, request: AgentRequest): Promise<AgentAnswer> {
  const { agent, money, run, module, config, signal } = asking
  if (agent.describe().backend === 'offline') {
    return toAnswer(await agent.run(request, { maxUsd: null, signal }))
  }
  const account = accountOf(run, config)
  const seen = await asking.budget.reserve({
    runId: run.id,
    account,
    days: dayCaps(account, module, config),
    run: runCap(account, module, config),
    runCostUsd: () => run.costUsd + money.costUsd,
    signal,
  })
  if ('spent' in seen) {
    return answered(asking, seen.spent, () =>
      agent.run(request, { maxUsd: 0, spent: spentSentence(seen.spent), signal }),
    )
  }
  const { grant } = seen
  let costUsd = 0
  try {
    return await answered(asking, grant.tightest, async () => {
      const result = await agent.run(request, { maxUsd: grant.maxUsd, signal })
      costUsd = result.costUsd
      return result
    })
  } catch (thrown) {
    costUsd ||= spentUsd(thrown)
    throw thrown
  } finally {
    money.costUsd += costUsd
    if (!(await grant.end(costUsd))) money.unwrittenUsd += costUsd
  }
}

/** The answer; when money ended it, or the rules stand in because of money, people hear of it. */
async function answered(
  asking: Asking,
  cap: Cap | null,
  ask: () => Promise<AgentResult>,
): Promise<AgentAnswer> {
  try {
    const result = await ask()
    if (result.instead === 'budget' && cap !== null)
      await tellOnce(asking, cap, 'answered by the offline rules')
    return toAnswer(result)
  } catch (thrown) {
    if (!isAgentError(thrown) || thrown.reason !== 'budget' || cap === null) throw thrown
    if (cap.day !== null) {
      await tellOnce(asking, cap, 'skipped')
      asking.money.told = true
    }
    const sentence = spentSentence(cap)
    const message = thrown.message === sentence ? sentence : `${thrown.message} ${capSentence(cap)}`
    throw new PermanentAgentError(message, { reason: 'budget', costUsd: thrown.costUsd, cause: thrown })
  }
}

const toAnswer = ({ text, output, costUsd, model, backend }: AgentResult): AgentAnswer => ({
  ...{ text, output, model, backend },
  cost_usd: costUsd,
})

/** A cap per run is the run's own matter, and its notice says it. */
async function tellOnce({ run, tell }: Asking, cap: Cap, instead: string): Promise<void> {
  if (cap.day === null) return
  const text =
    `Today's budget is spent: ${capOf(cap)}. What would cost money is ${instead} until 00:00 UTC, or until the cap ` +
    `is raised in hookyard.yaml. The first one: ${run.module} on ${run.entity}.`
  // A cap that was raised and is spent again is news again.
  await tell(text, (address) => `budget:${cap.day}:${cap.setting}:${cap.limitUsd}:${address}`)
}

const capOf = ({ setting, limitUsd }: Cap): string => `${setting} is ${limitUsd} USD`

const spentSentence = (cap: Cap): string =>
  cap.day === null ? `The run's budget is spent: ${capOf(cap)}.` : `Today's budget is spent: ${capOf(cap)}.`

const capSentence = (cap: Cap): string =>
  cap.day === null
    ? `The run's cap: ${capOf(cap)}.`
    : `The cap of the day: ${capOf(cap)}; it starts anew at 00:00 UTC.`
