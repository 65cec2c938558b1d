// Durations as the contract spells them: `30s`, `5m`, `2h`, `7d`, or a number of seconds.

const UNITS_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const MAX_MS = 3_650 * UNITS_MS.d

/**
 * Reads a duration into milliseconds.
 * @throws RangeError when the text is no duration, is negative, or is longer than ten years.
 */
export function parseDuration(value: string | number): number {
  const match = /^(\d+(?:\.\d+)?)\s*([smhd]?)$/.exec(String(value).trim())
  const unit = (match?.[2] || 's') as keyof typeof UNITS_MS
  const ms = Number(match?.[1] ?? NaN) * UNITS_MS[unit]
  if (!Number.isFinite(ms) || ms > MAX_MS) {
    throw new RangeError(
      `${JSON.stringify(value)} is no duration; write 30s, 5m, 2h, 7d or a number of seconds`,
    )
  }
  return Math.round(ms)
}

/** Writes milliseconds as the shortest duration a person would say: `250ms`, `30s`, `5m`, `2h`, `7d`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`
  for (const unit of ['d', 'h', 'm'] as const) {
    if (ms >= UNITS_MS[unit] && ms % UNITS_MS[unit] === 0) return `${ms / UNITS_MS[unit]}${unit}`
  }
  if (ms < 60_000) return `${Number((ms / 1_000).toFixed(1))}s`
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)}m${Math.round((ms % 60_000) / 1_000)}s`
  return `${Number((ms / 3_600_000).toFixed(1))}h`
}
