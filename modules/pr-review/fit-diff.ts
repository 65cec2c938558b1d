// A diff cut down to what a model can read with care, between files and never within one.
import { parseDiff, type DiffFile } from '@hookyard/sdk'

export const MAX_DIFF_CHARS = 80_000

export interface FittedDiff {
  readonly text: string
  /** The files that are in `text`, in the diff's order. */
  readonly files: readonly DiffFile[]
  /** Paths that did not fit. */
  readonly leftOut: readonly string[]
  /** The one file that alone is too long: only its beginning is in `text`. */
  readonly cutFile: string | null
}

/** Written by tools: the first to be left out. */
const GENERATED =
  /(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|Cargo\.lock|poetry\.lock|uv\.lock|composer\.lock|Gemfile\.lock|go\.sum|(?:dist|vendor|node_modules|third_party)\/.*|[^/]*\.(?:min\.(?:js|css)|map|snap|svg|lock))$/

/** As many whole files as fit into `maxChars`, hand-written ones first. */
export function fitDiff(diff: string, maxChars: number = MAX_DIFF_CHARS): FittedDiff {
  const all = parseDiff(diff)
  const byWorth = [
    ...all.filter((file) => !GENERATED.test(file.file)),
    ...all.filter((file) => GENERATED.test(file.file)),
  ]
  const taken = new Set<DiffFile>()
  let room = maxChars
  for (const file of byWorth) {
    if (file.text.length > room) continue
    taken.add(file)
    room -= file.text.length
  }
  const first = byWorth[0]
  if (taken.size === 0 && first !== undefined) return cutWithin(first, all, maxChars)
  const files = all.filter((file) => taken.has(file))
  return {
    text: files.map((file) => file.text).join(''),
    files,
    leftOut: all.filter((file) => !taken.has(file)).map((file) => file.file),
    cutFile: null,
  }
}

function cutWithin(file: DiffFile, all: readonly DiffFile[], maxChars: number): FittedDiff {
  const text = file.text.slice(0, file.text.lastIndexOf('\n', maxChars - 1) + 1)
  return {
    text,
    files: parseDiff(text),
    leftOut: all.filter((other) => other !== file).map((other) => other.file),
    cutFile: file.file,
  }
}
