// Which caps hold for a run, all at once: the installation's, its module's, and those of the user who invoked it.
import type { Budgets, Config } from '../config/config.ts'
import type { Module } from '../registry/manifest.ts'
import { type ClaimedRun, type SpendingScope, originalTrigger } from '../store/store.ts'

/** On whose account a run's money goes. */
export interface Account {
  readonly module: string
  readonly repository: string | null
  /** The user who invoked the run, by a call or a command; null = nobody did. */
  readonly user: string | null
}

export interface RunCap {
  /** The setting's name, for people. */
  readonly setting: string
  readonly limitUsd: number
}

/** A limit on what a scope may spend in one day. */
export interface DayCap extends RunCap {
  readonly scope: SpendingScope
}

export type BudgetConfig = Pick<Config, 'budgets' | 'users'>

/** The account of a run. A run that another run invoked goes on the account of the first one's user. */
export function accountOf(run: ClaimedRun, { users }: BudgetConfig): Account {
  // An answer lets a run go on; it goes on at the cost of whoever caused it.
  const { type, by, user } = originalTrigger(run.trigger)
  const invoker =
    user ??
    (type === 'invoke' ? users.find(({ name }) => name === by)?.name : undefined) ??
    (type === 'command' && by !== null ? userOfLogin(by, users) : undefined)
  return { module: run.module, repository: run.repository, user: invoker ?? null }
}

const userOfLogin = (login: string, users: BudgetConfig['users']): string | undefined =>
  users.find(({ github }) => github?.toLowerCase() === login.toLowerCase())?.name

/** The caps per day that a run on this account must keep. */
export function dayCaps(account: Account, module: Module, config: BudgetConfig): DayCap[] {
  const user = config.users.find(({ name }) => name === account.user)
  return [
    ...capsOf('budgets', config.budgets, {}, account.repository),
    ...capsOf(`modules.${module.name}.budgets`, module.budgets, { module: module.name }, account.repository),
    ...(user ? capsOf(settingOf(user.name), user.budgets, { user: user.name }, account.repository) : []),
  ]
}

/** A module's own cap per run goes before the installation's; a user's comes on top. null = none. */
export function runCap(account: Account, module: Module, config: BudgetConfig): RunCap | null {
  const user = config.users.find(({ name }) => name === account.user)
  const own = module.budgets.perRunUsd
  const caps = [
    own === null
      ? { setting: 'budgets.per_run_usd', limitUsd: config.budgets.perRunUsd }
      : { setting: `modules.${module.name}.budgets.per_run_usd`, limitUsd: own },
    { setting: `${settingOf(user?.name ?? '')}.per_run_usd`, limitUsd: user?.budgets.perRunUsd ?? null },
  ]
  return caps.reduce<RunCap | null>((lowest, { setting, limitUsd }) => {
    if (limitUsd === null || (lowest !== null && lowest.limitUsd <= limitUsd)) return lowest
    return { setting, limitUsd }
  }, null)
}

const settingOf = (user: string): string => `users[${user}].budgets`

function capsOf(at: string, budgets: Budgets, scope: SpendingScope, repository: string | null): DayCap[] {
  const { perDayUsd, perRepoDayUsd } = budgets
  const caps: DayCap[] = []
  if (perDayUsd !== null) caps.push({ setting: `${at}.per_day_usd`, scope, limitUsd: perDayUsd })
  if (perRepoDayUsd === undefined || repository === null) return caps
  const setting = `${at}.per_repo_day_usd for ${repository}`
  return [...caps, { setting, scope: { ...scope, repository }, limitUsd: perRepoDayUsd }]
}
