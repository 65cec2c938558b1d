// A unified diff as git and GitHub write it, read without trusting it: a cut or broken one gives what it has.

/** One file of a diff. */
export interface DiffFile {
  /** The path after the change; of a deleted file its old path. */
  readonly file: string
  /** The path before a rename or copy; null without one. */
  readonly previous: string | null
  readonly status: 'added' | 'removed' | 'modified' | 'renamed'
  /** Git shows no lines of it. */
  readonly binary: boolean
  /** A submodule or a symbolic link: its content is no text of the project. */
  readonly link: boolean
  /** The file's whole section, from its `diff --git` line. */
  readonly text: string
  /** Lines that the new version has and the diff shows. */
  readonly lines: readonly DiffLine[]
}

/** One line of the new version. */
export interface DiffLine {
  /** Line number in the new version, from 1. */
  readonly line: number
  readonly text: string
  /** False: shown for its surroundings only. */
  readonly added: boolean
  /** Which hunk of the file it is in, from 0: GitHub takes no comment that spans two. */
  readonly hunk: number
}

/** The files of a unified diff, in its order. Text before the first `diff --git` line is left out. */
export function parseDiff(diff: string): DiffFile[] {
  // Not by `^`: it would also match after a lone \r or U+2028 inside a line, where an author could begin a forged file.
  return diff
    .split(/(?<=\n)(?=diff --git )/)
    .filter((section) => section.startsWith('diff --git '))
    .map(parseSection)
}

function parseSection(text: string): DiffFile {
  const rows = text.split('\n')
  const firstHunk = rows.findIndex((row) => row.startsWith('@@ '))
  const header = firstHunk === -1 ? rows : rows.slice(0, firstHunk)
  return {
    file: pathOf(header),
    ...describe(header),
    text,
    lines: firstHunk === -1 ? [] : readHunks(rows.slice(firstHunk)),
  }
}

function describe(header: readonly string[]): Pick<DiffFile, 'previous' | 'status' | 'binary' | 'link'> {
  const has = (pattern: RegExp): boolean => header.some((row) => pattern.test(row))
  const source = header.find((row) => /^(?:rename|copy) from /.test(row))
  return {
    previous: source === undefined ? null : unquote(source.replace(/^\w+ from /, '').replace(/\r$/, '')),
    status: has(/^new file mode /)
      ? 'added'
      : has(/^deleted file mode /)
        ? 'removed'
        : source === undefined
          ? 'modified'
          : 'renamed',
    binary: has(/^(?:Binary files .* differ|GIT binary patch)\r?$/),
    link: has(/^(?:(?:new file|deleted file|old|new) mode|index \S+) 1[26]0000\r?$/),
  }
}

function readHunks(rows: readonly string[]): DiffLine[] {
  const lines: DiffLine[] = []
  let [next, hunk] = [0, -1]
  for (const row of rows) {
    const start = /^@@ -\d+(?:,\d+)? \+(\d+)/.exec(row)
    if (start !== null) {
      next = Number(start[1])
      hunk += 1
    } else if (row.startsWith('+') || row.startsWith(' ')) {
      const text = row.slice(1).replace(/\r$/, '')
      lines.push({ line: next++, text, added: row.startsWith('+'), hunk })
    }
  }
  return lines
}

function pathOf(header: readonly string[]): string {
  const after = (mark: string): string | undefined =>
    header
      .find((row) => row.startsWith(mark))
      ?.slice(mark.length)
      .replace(/[\t\r]+$/, '')
  const added = after('+++ ')
  const removed = after('--- ')
  if (added !== undefined && added !== '/dev/null') return withoutPrefix(unquote(added))
  if (removed !== undefined && removed !== '/dev/null') return withoutPrefix(unquote(removed))
  const target = after('rename to ') ?? after('copy to ')
  return target === undefined ? pathOfHead(after('diff --git ') ?? '') : unquote(target)
}

/** `a/x b/x`: without a rename both are the same, and a path may hold ` b/` itself. */
function pathOfHead(head: string): string {
  const quoted = /^"(?:[^"\\]|\\.)*" ("(?:[^"\\]|\\.)*")$/.exec(head)
  if (quoted !== null) return withoutPrefix(unquote(quoted[1]!))
  const half = (head.length - 1) / 2
  return withoutPrefix(
    Number.isInteger(half) ? head.slice(half + 1) : head.slice(head.lastIndexOf(' b/') + 1),
  )
}

const withoutPrefix = (path: string): string => path.replace(/^[ab]\//, '')

const ESCAPES: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, a: 7, b: 8, f: 12, v: 11 }

/** Git's quoting of unusual paths: C escapes, bytes of UTF-8 as octal numbers. */
function unquote(path: string): string {
  if (!/^".*"$/.test(path)) return path
  const bytes: number[] = []
  const encoder = new TextEncoder()
  for (const [, octal, escape, plain] of path.slice(1, -1).matchAll(/\\([0-7]{3})|\\(.)|([^\\])/gu)) {
    if (octal !== undefined) bytes.push(Number.parseInt(octal, 8) & 0xff)
    else if (escape !== undefined)
      bytes.push(...(escape in ESCAPES ? [ESCAPES[escape]!] : encoder.encode(escape)))
    else bytes.push(...encoder.encode(plain))
  }
  return new TextDecoder().decode(Uint8Array.from(bytes))
}
