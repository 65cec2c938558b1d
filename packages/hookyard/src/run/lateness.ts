// A scheduled run that starts long after its time says so.
import { formatDuration } from '../lib/duration.ts'
import type { RunTrigger } from '../store/store.ts'

/** Less than this is not worth a word, in seconds. */
const LATE_S = 60

/** The sentence that a late run's message ends with, or null. */
export function latenessOf({ type, at, data }: RunTrigger): string | null {
  const late = type === 'schedule' ? data?.['late_by_seconds'] : undefined
  if (typeof late !== 'number' || late < LATE_S) return null
  const planned = `${at.slice(0, 16).replace('T', ' ')} UTC`
  return `(late by ${formatDuration(late * 1_000)}: it was planned for ${planned})`
}
