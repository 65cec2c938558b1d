// A diff in parts: whole files as long as they fit, a longer file by its hunks, a longer hunk by its lines. Every part
// is a valid diff with the true line numbers.
import type { DiffFile } from '@hookyard/sdk'

export interface Part {
  readonly text: string
  readonly files: readonly DiffFile[]
}

export interface Split {
  readonly parts: readonly Part[]
  /** Paths of which not everything fits into `maxParts`. */
  readonly leftOut: readonly string[]
}

/** A longer line (a minified file, a data URL) is no text that somebody reads. */
const MAX_ROW_CHARS = 2_000

interface Piece {
  readonly file: DiffFile
  readonly text: string
}

/** Packs the files, in their order, into at most `maxParts` parts of at most `limit` characters. */
export function splitDiff(files: readonly DiffFile[], limit: number, maxParts: number): Split {
  const parts: { text: string[]; size: number; files: DiffFile[] }[] = []
  const leftOut = new Set<string>()
  for (const file of files) {
    for (const piece of piecesOf(file, limit)) {
      const last = parts.at(-1)
      if (last !== undefined && last.size + piece.text.length <= limit) {
        last.text.push(piece.text)
        last.size += piece.text.length
        if (last.files.at(-1) !== file) last.files.push(file)
      } else if (parts.length < maxParts) {
        parts.push({ text: [piece.text], size: piece.text.length, files: [file] })
      } else {
        leftOut.add(file.file)
        break
      }
    }
  }
  return {
    parts: parts.map(({ text, files: inside }) => ({ text: text.join(''), files: inside })),
    leftOut: [...leftOut],
  }
}

function* piecesOf(file: DiffFile, limit: number): Generator<Piece> {
  const text = file.text.length > MAX_ROW_CHARS ? withoutLongRows(file.text) : file.text
  if (text.length <= limit) return yield { file, text }
  const rows = text.replace(/\n$/, '').split('\n')
  const start = rows.findIndex((row) => row.startsWith('@@ '))
  if (start === -1) return yield { file, text: text.slice(0, limit) }
  const header = `${rows.slice(0, start).join('\n')}\n`
  const room = Math.max(limit - header.length - 40, 500)
  for (const hunks of chunks(rows.slice(start), room)) yield { file, text: header + hunks }
}

/** The hunks in chunks of at most `room` characters; a hunk that is cut goes on under a header of its own. */
function* chunks(rows: readonly string[], room: number): Generator<string> {
  let chunk = ''
  let [old, next] = [0, 0]
  let body: string[] = []
  let size = 0
  const close = () => {
    if (body.length > 0) chunk += hunkOf(body, old, next)
    old += body.filter((row) => /^[ -]/.test(row)).length
    next += body.filter((row) => /^[ +]/.test(row)).length
    body = []
    size = 0
  }
  for (const row of rows) {
    const at = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(row)
    if (at !== null) {
      close()
      ;[old, next] = [Number(at[1]), Number(at[2])]
      continue
    }
    if (chunk.length + size + row.length + 1 > room && body.length + chunk.length > 0) {
      close()
      yield chunk
      chunk = ''
    }
    body.push(row)
    size += row.length + 1
  }
  close()
  if (chunk !== '') yield chunk
}

function hunkOf(body: readonly string[], old: number, next: number): string {
  const removed = body.filter((row) => /^[ -]/.test(row)).length
  const added = body.filter((row) => /^[ +]/.test(row)).length
  return `@@ -${old},${removed} +${next},${added} @@\n${body.join('\n')}\n`
}

const withoutLongRows = (text: string): string =>
  text
    .split('\n')
    .map((row) => (row.length > MAX_ROW_CHARS ? `${row.slice(0, MAX_ROW_CHARS)} [line cut]` : row))
    .join('\n')
