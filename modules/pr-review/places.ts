// Where a comment may stand, and what may be committed there. GitHub takes a comment on a line of the diff's new side,
// or on a range of them within one hunk, and nothing else; a comment on a wrong line would be worse than none.
import type { DiffFile, DiffLine } from '@hookyard/sdk'

export interface Place {
  /** In the new version; the last line of a range. */
  readonly line: number
  /** The first line of a range; null for a single line. */
  readonly start: number | null
  /** What stands there, as the diff shows it. */
  readonly lines: readonly DiffLine[]
}

/** The place of a line or a range; a range that is not whole in one hunk is its first line; null when that is nowhere. */
export function placeIn(file: DiffFile | undefined, line: number, end: number | null): Place | null {
  if (file === undefined || file.link) return null
  const first = file.lines.find((shown) => shown.line === line)
  if (first === undefined) return null
  const single: Place = { line, start: null, lines: [first] }
  if (end === null || end <= line) return single
  const range = file.lines.filter(
    (shown) => shown.line >= line && shown.line <= end && shown.hunk === first.hunk,
  )
  return range.length === end - line + 1 ? { line: end, start: line, lines: range } : single
}

const MAX_REPLACEMENT_LINES = 40
const MAX_REPLACEMENT_CHARS = 4_000

/**
 * The replacement as lines to commit, or null when it does not apply cleanly: it changes nothing, it is cut from a line
 * that the diff does not show whole, or it is too much to be read before it is committed.
 */
export function applicable(replacement: string | null, place: Place, endLine: number | null): string | null {
  if (replacement === null || replacement.length > MAX_REPLACEMENT_CHARS) return null
  // Meant for a range that is not shown whole: it would double the rest.
  if (endLine !== null && endLine > place.line) return null
  const text = replacement.replace(/\r\n/g, '\n').replace(/\n$/, '')
  if (text.split('\n').length > MAX_REPLACEMENT_LINES) return null
  if (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(text)) return null
  return text === place.lines.map((line) => line.text).join('\n') ? null : text
}
