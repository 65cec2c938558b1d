// How long a vendor asks to wait, read from the headers of its refusal.
const UNSAID_MS = 60_000
const LONGEST_MS = 24 * 3_600_000
const SHORTEST_MS = 1_000

type Headers = Readonly<Record<string, string>>

/** In ms, between a second and a day; a minute when the headers do not say. Header names are in lower case. */
export function retryDelayMs(headers: Headers, now: number): number {
  const said = retryAfter(headers, now) ?? emptyLimits(headers, now)
  return said === null ? UNSAID_MS : Math.min(Math.max(said, SHORTEST_MS), LONGEST_MS)
}

function retryAfter(headers: Headers, now: number): number | null {
  const ms = number(headers['retry-after-ms'])
  if (ms !== null) return ms
  const value = headers['retry-after']
  const seconds = number(value)
  return seconds === null ? until(value, now) : seconds * 1_000
}

/** Each limit has a `remaining` and a `reset`; the latest reset of those that are used up counts. */
function emptyLimits(headers: Headers, now: number): number | null {
  const waits = Object.entries(headers).flatMap(([name, value]) => {
    const anthropic = /^anthropic-ratelimit-(.+)-remaining$/.exec(name)
    const openai = /^x-ratelimit-remaining-(.+)$/.exec(name)
    if (number(value) !== 0) return []
    if (anthropic) return until(headers[`anthropic-ratelimit-${anthropic[1]}-reset`], now) ?? []
    return openai ? (span(headers[`x-ratelimit-reset-${openai[1]}`]) ?? []) : []
  })
  return waits.length === 0 ? null : Math.max(...waits)
}

const number = (value: string | undefined): number | null =>
  value !== undefined && /^\d{1,12}(\.\d+)?$/.test(value.trim()) ? Number(value) : null

function until(date: string | undefined, now: number): number | null {
  const at = date === undefined ? Number.NaN : Date.parse(date)
  return Number.isNaN(at) ? null : at - now
}

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** `6m0s`, `1.5s`, `120ms`. */
function span(text: string | undefined): number | null {
  if (text === undefined || !/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return null
  return [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * UNITS[unit as keyof typeof UNITS],
    0,
  )
}
