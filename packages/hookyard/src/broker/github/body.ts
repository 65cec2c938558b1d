// Texts as GitHub will take them: within its limit, with no marker but ours, and ours where it stays hidden.
import { closeFence } from '@hookyard/sdk/host'
import { stripMarkers } from './marker.ts'

/** GitHub's limit for the body of a comment, in characters. */
export const MAX_BODY = 65_536
const NOTE = '\n\n*(cut here: GitHub takes no longer text)*'

/** The text with the marker at its end, where it disturbs neither a mail's first line nor a message's. */
export function withMarker(text: string, marker: string): string {
  return `${truncated(text, MAX_BODY - marker.length - 2)}\n\n${marker}`.trimStart()
}

/** The text without markers, cut to `limit` characters with a note that says so; an open code fence is closed. */
export function truncated(text: string, limit: number = MAX_BODY): string {
  const clean = stripMarkers(text).trimEnd()
  const whole = closeFence(clean)
  if (whole.length <= limit) return whole
  // Room for the note and for closing a fence of any sane length.
  const kept = cutAtLine(clean, limit - NOTE.length - 100)
  const ended = closeFence(kept)
  return (ended.length - kept.length <= 100 ? ended : kept) + NOTE
}

function cutAtLine(text: string, limit: number): string {
  const last = text.charCodeAt(limit - 1)
  // Half of a character outside the basic plane is none.
  const end = last >= 0xd800 && last <= 0xdbff ? limit - 1 : limit
  const newline = text.lastIndexOf('\n', end)
  return text.slice(0, newline > end - 2_000 ? newline : end).trimEnd()
}
