// Making a message fit a service's limit: between lines where that is possible, never inside a code point.
// The sizes are those of the rendered lines, so escaping counts; every service brings its own renderings.
import type { Line, Message, Span } from './message.ts'

const MARK = '...'

type Size = (line: Line) => number

/**
 * The message as it is when every rendering of it (lines joined by line feeds) has at most `limit` UTF-16
 * units; else its first lines, a line `...`, and its `tail`. A line that could not even stand alone is cut
 * itself, and the others keep their places.
 */
export function fitMessage(
  message: Message,
  limit: number,
  renderings: readonly ((line: Line) => string)[],
): Message {
  const total = (render: (line: Line) => string) =>
    message.lines.reduce((sum, line) => sum + render(line).length + 1, -1)
  if (renderings.every((render) => total(render) <= limit)) return message

  const size = (line: Line) => Math.max(...renderings.map((render) => render(line).length))
  const tailCount = Math.min(message.tail ?? 0, message.lines.length - 1)
  const tail = cutTail(message.lines.slice(message.lines.length - tailCount), limit, size)
  const room = tail.reduce((left, line) => left - size(line) - 1, limit)
  const head = cutOverlong(message.lines.slice(0, message.lines.length - tailCount), room, limit, size)
  return { ...message, lines: [...cutLines(head, room, size), ...tail] }
}

/** The tail has half of the message at most; its last line, the address, takes what it needs of that first. */
function cutTail(lines: readonly Line[], limit: number, size: Size): Line[] {
  const kept: Line[] = []
  let left = Math.floor(limit / 2)
  for (const line of lines.toReversed()) {
    const fitting = cutLine(line, left - 1, size)
    kept.unshift(fitting)
    left -= size(fitting) + 1
  }
  return kept
}

/** Lines that do not fit even right below the heading share what the others leave. */
function cutOverlong(lines: readonly Line[], room: number, limit: number, size: Size): Line[] {
  const [first = []] = lines
  const heading = Math.min(size(first) + 1, Math.floor(limit / 4))
  const isOverlong = (line: Line) => size(line) + 1 + MARK.length > room - (line === first ? 0 : heading)
  const overlong = lines.filter(isOverlong).length
  if (overlong === 0) return [...lines]
  const others = lines.reduce((sum, line) => (isOverlong(line) ? sum : sum + size(line) + 1), 0)
  const share = Math.max(Math.floor((room + 1 - others) / overlong) - 1, Math.floor(limit / 8))
  return lines.map((line) => (isOverlong(line) ? cutLine(line, share, size) : line))
}

function cutLines(lines: readonly Line[], room: number, size: Size): Line[] {
  if (lines.reduce((sum, line) => sum + size(line) + 1, -1) <= room) return [...lines]
  const kept: Line[] = []
  // Each line costs its line feed; the last one kept leaves room for the mark below it.
  let left = room - MARK.length
  for (const line of lines) {
    left -= size(line) + 1
    if (left < 0) break
    kept.push(line)
  }
  return [...kept, [MARK]]
}

/** At most `room` units: whole spans, then the longest beginning of the next one, then `...`. */
function cutLine(line: Line, room: number, size: Size): Line {
  if (size(line) <= room) return line
  const kept: Span[] = []
  for (const span of line) {
    const longest = longestSpan(span, room, (shorter) => size([...kept, shorter]) <= room - MARK.length)
    if (longest !== null) kept.push(longest)
    if (longest !== span) break
  }
  return [...kept, MARK]
}

/** The span if it fits, else its longest beginning that does; half a link is no link. */
function longestSpan(span: Span, room: number, fits: (span: Span) => boolean): Span | null {
  if (fits(span)) return span
  if (typeof span !== 'string' && 'link' in span) return null
  const text = typeof span === 'string' ? span : 'bold' in span ? span.bold : span.code
  const beginning = (end: number): Span =>
    withText(span, text.slice(0, isInsidePair(text, end) ? end - 1 : end))
  let fitting = 0
  // No rendering is shorter than its text.
  let tooLong = Math.min(text.length, room + 1)
  while (tooLong - fitting > 1) {
    const middle = (fitting + tooLong) >> 1
    if (fits(beginning(middle))) fitting = middle
    else tooLong = middle
  }
  return fitting === 0 ? null : beginning(fitting)
}

function withText(span: Exclude<Span, { link: string }>, text: string): Span {
  if (typeof span === 'string') return text
  return 'bold' in span ? { bold: text } : { code: text }
}

const isInsidePair = (text: string, end: number): boolean =>
  /^[\ud800-\udbff][\udc00-\udfff]/.test(text.slice(end - 1, end + 1))
