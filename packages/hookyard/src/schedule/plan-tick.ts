// A tick -> its runs: one per repository where the module may act and somebody wants it, or one about nothing in
// particular for the admins (contract section 3, Schedule). Pure.
import type { Access } from '../access/access.ts'
import type { Readings } from '../access/reading.ts'
import { hasFeature } from '../access/has-feature.ts'
import type { Module } from '../registry/manifest.ts'
import { newRun } from '../store/new-run.ts'
import type { NewRun } from '../store/store.ts'
import type { ScheduleTrigger } from './ticks.ts'

export interface TickToPlan {
  readonly module: Module
  readonly trigger: ScheduleTrigger
  /** The planned time; ms since the epoch, as is `now`. */
  readonly tick: number
  readonly now: number
  readonly access: Pick<Access, 'audience' | 'named' | 'reaches' | 'admins' | 'mayCall'>
  /** Repositories that are known from their deliveries; those that no `repos` reach are left out here. */
  readonly seen: readonly string[]
  /** By repository, GitHub's word on those who added it by chat. */
  readonly readings?: ReadonlyMap<string, Readings>
  readonly newRunId: () => string
}

/** The entity of a run that is about no repository. */
const NOTHING = '-'

/** None when the module is switched off, or nobody wants it. */
export function planTick(plan: TickToPlan): NewRun[] {
  const { module, access } = plan
  if (!module.enabled) return []
  const { subject, featureFlag } = module.manifest
  const wanting = (users: ReturnType<Access['audience']>) =>
    users.filter((user) => hasFeature(user, featureFlag)).map(({ name }) => name)
  if (subject !== 'repository') return runsFor(plan, NOTHING, null, wanting(access.admins()))
  return repositoriesOf(plan).flatMap((repository) => {
    // A schedule is about nobody in particular, so it is nothing to those who hear only of what is about them.
    const hearing = access
      .audience(repository, plan.readings?.get(repository))
      .filter(({ hear }) => hear === 'all')
    // Who hears by their own word alone joins the run that somebody else starts.
    const starts = hearing.some((user) => hasFeature(user, featureFlag) && access.mayCall(user, repository))
    return starts ? runsFor(plan, repository, repository, wanting(hearing)) : []
  })
}

/** The repositories that a tick of a module with the subject `repository` is about. */
export function repositoriesOf({ access, seen }: Pick<TickToPlan, 'access' | 'seen'>): string[] {
  return [...new Set([...access.named(), ...seen])].filter((one) => access.reaches(one)).sort()
}

function runsFor(
  { module, trigger, tick, now, newRunId }: TickToPlan,
  entity: string,
  repository: string | null,
  recipients: readonly string[],
): NewRun[] {
  if (recipients.length === 0) return []
  const late_by_seconds = Math.max(0, Math.floor((now - tick) / 1_000))
  const data = { schedule: trigger.cron, timezone: trigger.timezone ?? 'UTC', late_by_seconds }
  const at = new Date(tick).toISOString()
  const run = newRun(module, {
    id: newRunId(),
    entity,
    repository,
    trigger: { type: 'schedule', event: null, action: null, by: null, at, data },
    recipients,
    cooldownMs: 0,
    createdAt: now,
  })
  return [run]
}
