// The diff as it is reviewed: without what the settings leave out, and in parts that a model can read with care.
import { parseDiff, type DiffFile } from '@hookyard/sdk'
import type { Settings } from './settings.ts'
import { splitDiff, type Part } from './parts.ts'

export interface Change {
  /** Every file of the diff, reviewed or not. */
  readonly all: ReadonlyMap<string, DiffFile>
  /** The files that go to the agent, in the diff's order. */
  readonly files: readonly DiffFile[]
  readonly parts: readonly Part[]
  /** Paths that the settings leave out. */
  readonly ignored: readonly string[]
  /** Paths that did not fit into the parts. */
  readonly tooLong: readonly string[]
}

/** Reads a unified diff. */
export function readChange(diff: string, settings: Pick<Settings, 'covers' | 'limits' | 'maxParts'>): Change {
  const all = parseDiff(diff)
  const covered = all.filter(({ file }) => settings.covers(file))
  const { parts, leftOut } = splitDiff(covered, settings.limits.diff, settings.maxParts)
  return {
    all: new Map(all.map((file) => [file.file, file])),
    files: covered.filter(({ file }) => !leftOut.includes(file)),
    parts,
    ignored: all.filter((file) => !covered.includes(file)).map(({ file }) => file),
    tooLong: leftOut,
  }
}

/** Why there is nothing to review, or null. */
export function nothingToReview({ all, parts }: Change): string | null {
  if (all.size === 0) return 'empty_diff'
  return parts.length === 0 ? 'only_ignored_files' : null
}
