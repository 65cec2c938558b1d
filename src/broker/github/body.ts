// Texts as GitHub will take them: within its limit, with no marker but ours, and ours where it stays hidden.
import { stripMarkers } from './marker.ts'

/** GitHub's limit for the body of a comment, in characters. */
export const MAX_BODY = 65_536
const NOTE = '\n\n*(cut here: GitHub takes no longer text)*'

/** The text with the marker at its end, where it disturbs neither a mail's first line nor a message's. */
export function withMarker(text: string, marker: string): string {
  return `${fitted(text, MAX_BODY - marker.length - 2)}\n\n${marker}`.trimStart()
}

/** The text without markers, cut to `limit` characters with a note that says so; an open code fence is closed. */
export function fitted(text: string, limit: number = MAX_BODY): string {
  const clean = stripMarkers(text).trimEnd()
  const whole = clean + closing(clean)
  if (whole.length <= limit) return whole
  // Room for the note and for closing a fence of any sane length.
  const kept = cutAtLine(clean, limit - NOTE.length - 100)
  const fence = closing(kept)
  return kept + (fence.length <= 100 ? fence : '') + NOTE
}

function cutAtLine(text: string, limit: number): string {
  const last = text.charCodeAt(limit - 1)
  // Half of a character outside the basic plane is none.
  const end = last >= 0xd800 && last <= 0xdbff ? limit - 1 : limit
  const newline = text.lastIndexOf('\n', end)
  return text.slice(0, newline > end - 2_000 ? newline : end).trimEnd()
}

/** What closes the code fence that is still open at the end of a text; empty when none is. */
function closing(text: string): string {
  let open = ''
  for (const line of text.split('\n')) {
    const [, fence = '', info = ''] = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line) ?? []
    if (fence === '') continue
    if (open === '') open = fence.startsWith('`') && info.includes('`') ? '' : fence
    else if (fence[0] === open[0] && fence.length >= open.length && info.trim() === '') open = ''
  }
  return open === '' ? '' : `\n${open}`
}
