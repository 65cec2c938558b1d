// When a schedule is due. A tick is a whole minute in the schedule's time zone (UTC when it names none). On the day
// that the clocks go forward a tick in the missing hour comes as late as the hour is long; on the day that they go
// back a tick in the hour that comes twice comes once, at its first time, and every `*/n` goes on by real minutes.
import { Cron } from 'croner'
import type { ManifestTrigger, Module } from '../registry/manifest.ts'

export type ScheduleTrigger = Extract<ManifestTrigger, { type: 'schedule' }>

/** The next `count` ticks of a module after `after`, all its schedules together, in ms since the epoch. */
export function nextTicks(module: Module, after: number, count: number): number[] {
  const ticks = module.manifest.triggers.flatMap((trigger) =>
    trigger.type === 'schedule' ? cronOf(trigger).nextRuns(count, new Date(after)) : [],
  )
  return [...new Set(ticks.map((tick) => tick.getTime()))].sort((a, b) => a - b).slice(0, count)
}

/** The first tick after `after`, in ms since the epoch; null when there is none any more. */
export function nextTick(trigger: ScheduleTrigger, after: number): number | null {
  return cronOf(trigger).nextRun(new Date(after))?.getTime() ?? null
}

/** The newest tick after `after` and not after `until`, or null; all in ms since the epoch. */
export function newestTick(trigger: ScheduleTrigger, after: number, until: number): number | null {
  // croner means strictly before, and counts in seconds.
  const [newest] = cronOf(trigger).previousRuns(1, new Date((Math.floor(until / 1_000) + 1) * 1_000))
  const tick = newest?.getTime() ?? null
  return tick !== null && tick > after && tick <= until ? tick : null
}

/** What a schedule is known by, across restarts. */
export function scheduleKey(module: string, { cron, timezone }: ScheduleTrigger): string {
  return [module, cron, timezone ?? 'UTC'].join('\n')
}

const cronOf = ({ cron, timezone }: ScheduleTrigger): Cron =>
  new Cron(cron, { paused: true, mode: '5-part', timezone: timezone ?? 'UTC' })
