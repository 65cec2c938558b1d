// Making a message fit a service's limit: between lines where that is possible, never inside a code point.
// The sizes are those of the rendered lines, so escaping counts; every service brings its own renderings.
import type { Line, Message, Span } from './message.ts'

const MARK = '...'

/**
 * The message as it is when every rendering of it (lines joined by line feeds) has at most `limit` UTF-16
 * units; else its first lines, a line `...`, and its `tail`. A line too long for any message is cut itself.
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
  const perTailLine = Math.floor(limit / 2 / Math.max(tailCount, 1)) - 1
  const tail = message.lines
    .slice(message.lines.length - tailCount)
    .map((line) => cutLine(line, perTailLine, size))
  const room = tail.reduce((left, line) => left - size(line) - 1, limit)
  const head = cutLines(message.lines.slice(0, message.lines.length - tailCount), room, limit, size)
  return { ...message, lines: [...head, ...tail] }
}

function cutLines(lines: readonly Line[], room: number, limit: number, size: (line: Line) => number): Line[] {
  const kept: Line[] = []
  // Each line costs its line feed; the last one kept leaves room for the mark below it.
  let left = room - MARK.length
  for (const line of lines) {
    const cost = size(line) + 1
    if (cost <= left) {
      kept.push(line)
      left -= cost
      continue
    }
    const overlong = cost > limit || kept.length === 0
    kept.push(overlong ? cutLine(line, left + MARK.length, size) : [MARK])
    return kept
  }
  return kept
}

/** At most `room` units: whole spans, then the longest beginning of the next one, then `...`. */
function cutLine(line: Line, room: number, size: (line: Line) => number): Line {
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
