// Times and places as the chat shows them.
import { formatDuration } from '../lib/duration.ts'

const MINUTE = 60_000

/** How long ago, roughly: `just now`, `5m ago`, `2h ago`, `3d ago`. */
export function ago(at: number, now: number): string {
  const ms = now - at
  if (ms < MINUTE) return 'just now'
  const unit = ms < 60 * MINUTE ? MINUTE : ms < 48 * 60 * MINUTE ? 60 * MINUTE : 1_440 * MINUTE
  return `${formatDuration(Math.floor(ms / unit) * unit)} ago`
}

/** `2026-11-22 14:00 UTC`; times beyond what a calendar holds: `for good`. */
export function minuteOf(at: number): string {
  const date = new Date(at)
  if (Number.isNaN(date.getTime())) return 'for good'
  return `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

/** Where messages go, seen from a chat; the rest of a web hook's address is a secret. */
export function placeOf(address: string | null, chatId: number): string {
  if (address === null) return "the service's log"
  if (address === `telegram:${chatId}`) return 'this chat'
  const scheme = address.slice(0, address.indexOf(':')).toLowerCase()
  if (scheme === 'telegram') return `chat ${address.slice('telegram:'.length)}`
  return { slack: 'Slack', discord: 'Discord' }[scheme] ?? 'a web hook'
}
