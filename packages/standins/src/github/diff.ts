// Reads a unified diff as GitHub sees it: its files, their patches, and which lines can be commented on. A reader
// of its own, so that it cannot share a mistake with the one that the program uses.

export type Side = 'LEFT' | 'RIGHT'

export interface DiffFile {
  readonly filename: string
  readonly previousFilename: string | null
  readonly status: 'added' | 'removed' | 'modified' | 'renamed'
  readonly additions: number
  readonly deletions: number
  /** The hunks, as GitHub's `patch`; null for binary files and pure renames. */
  readonly patch: string | null
  /** The lines that are part of the diff, context included: number -> index in the patch's lines. */
  readonly lines: Readonly<Record<Side, ReadonlyMap<number, number>>>
}

/** The files of a `git diff`. Text before the first `diff --git` is ignored. */
export function parseDiff(text: string): DiffFile[] {
  // Not by `^`, which would also match after a carriage return or U+2028 within a line.
  const parts = text.split(/(?<=\n)(?=diff --git )/).filter((part) => part.startsWith('diff --git '))
  return parts.map(parseFile)
}

function parseFile(part: string): DiffFile {
  const lines = part.replace(/\n$/, '').split('\n')
  const start = lines.findIndex((line) => line.startsWith('@@ '))
  const header = start === -1 ? lines : lines.slice(0, start)
  const patch = start === -1 ? [] : lines.slice(start)
  const names = headerNames(header)
  const renamed = names.from !== names.to
  const status = header.some((line) => line.startsWith('new file'))
    ? 'added'
    : header.some((line) => line.startsWith('deleted file'))
      ? 'removed'
      : renamed
        ? 'renamed'
        : 'modified'
  return {
    filename: status === 'removed' ? names.from : names.to,
    previousFilename: status === 'renamed' ? names.from : null,
    status,
    patch: patch.length > 0 ? patch.join('\n') : null,
    ...countLines(patch),
  }
}

function headerNames(header: readonly string[]): { from: string; to: string } {
  const after = (prefix: string) => {
    const line = header.find((candidate) => candidate.startsWith(prefix))
    return line === undefined ? null : unquote(line.slice(prefix.length).replace(/\t$/, ''))
  }
  const bare = (name: string | null) =>
    name === null || name === '/dev/null' ? null : name.replace(/^[ab]\//, '')
  // Without a rename both names are the same, and one may hold ` b/` itself.
  const same = /^diff --git a\/(.*) b\/\1$/.exec(header[0] ?? '')?.[1]
  const git =
    same === undefined
      ? (/^diff --git (?:"a\/.*?"|a\/.*?) ("b\/.*"|b\/.*)$/.exec(header[0] ?? '')?.[1] ?? '')
      : `b/${same}`
  const to = after('rename to ') ?? bare(after('+++ ')) ?? bare(unquote(git)) ?? ''
  return { from: after('rename from ') ?? bare(after('--- ')) ?? to, to }
}

/** Git's quoting of unusual names: octal bytes and backslashes inside double quotes. */
function unquote(name: string): string {
  if (!name.startsWith('"')) return name
  const bytes: number[] = []
  const inner = name.slice(1, -1)
  for (let at = 0; at < inner.length; at++) {
    const octal = inner[at] === '\\' ? /^[0-7]{3}/.exec(inner.slice(at + 1))?.[0] : undefined
    if (octal !== undefined) {
      bytes.push(parseInt(octal, 8))
      at += 3
    } else if (inner[at] === '\\') {
      at += 1
      bytes.push(...Buffer.from(ESCAPED[inner[at] ?? ''] ?? inner[at] ?? ''))
    } else {
      const whole = String.fromCodePoint(inner.codePointAt(at) ?? 0)
      bytes.push(...Buffer.from(whole))
      at += whole.length - 1
    }
  }
  return Buffer.from(bytes).toString('utf8')
}

const ESCAPED: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\u0007',
  b: '\b',
  f: '\f',
  v: '\v',
}

function countLines(patch: readonly string[]): Pick<DiffFile, 'additions' | 'deletions' | 'lines'> {
  const lines = { LEFT: new Map<number, number>(), RIGHT: new Map<number, number>() }
  let [additions, deletions, left, right] = [0, 0, 0, 0]
  patch.forEach((line, index) => {
    const hunk = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(line)
    if (hunk) {
      left = Number(hunk[1])
      right = Number(hunk[2])
      return
    }
    if (line.startsWith('\\')) return
    if (!line.startsWith('+')) lines.LEFT.set(left++, index)
    if (!line.startsWith('-')) lines.RIGHT.set(right++, index)
    if (line.startsWith('+')) additions += 1
    if (line.startsWith('-')) deletions += 1
  })
  return { additions, deletions, lines }
}

/** The `diff_hunk` of a comment: from its hunk's header down to the commented line. */
export function hunkUpTo(file: DiffFile, line: number, side: Side): string {
  const patch = (file.patch ?? '').split('\n')
  const end = file.lines[side].get(line) ?? 0
  const start = patch.slice(0, end + 1).findLastIndex((text) => text.startsWith('@@ '))
  return patch.slice(Math.max(start, 0), end + 1).join('\n')
}
