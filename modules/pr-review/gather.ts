// Everything that a review is based on beside the diff, read from GitHub. Only the pull request itself must be there;
// what else cannot be read is named, to the agent and to the readers.
import {
  type Comment,
  type Commit,
  type LinkedIssue,
  type ContextOf,
  type PullRequest,
  type ReviewThread,
} from '@hookyard/sdk'
import type { Change } from './change.ts'
import { readHeadFiles, type HeadFiles } from './head-files.ts'
import { earlierFindings, type EarlierFinding } from './earlier-findings.ts'
import type { Memory } from './memory.ts'
import { readConventions, readSpec, type NamedText } from './conventions.ts'
import type { Settings } from './settings.ts'

export const HEADER = '## Review by Hookyard'

export interface Material {
  readonly pr: PullRequest
  readonly comments: readonly Comment[]
  readonly threads: readonly ReviewThread[]
  readonly known: readonly EarlierFinding[]
  readonly commits: readonly Commit[]
  readonly issues: readonly LinkedIssue[]
  readonly conventions: readonly NamedText[]
  readonly spec: NamedText | null
  readonly headFiles: HeadFiles
  /** What could not be read, in words for a person. */
  readonly unread: readonly string[]
  /** Our own summary stands in the thread. */
  readonly hasSummary: boolean
}

/** Reads all of it, side by side. */
export async function gather(
  ctx: ContextOf<'pull_request'>,
  change: Change,
  settings: Settings,
  memory: Memory,
): Promise<Material> {
  const { pr } = ctx
  const unread: string[] = []
  const optional = async <T>(what: string, read: () => Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await read()
    } catch (error) {
      if (ctx.signal.aborted) throw error
      unread.push(what)
      ctx.log.warn(`could not read the ${what}; reviewing without`, { error: String(error) })
      return otherwise
    }
  }
  const [comments, threads, commits, issues, conventions, spec, headFiles] = await Promise.all([
    optional<readonly Comment[] | null>('thread', () => pr.comments(), null),
    optional<readonly ReviewThread[] | null>('review threads', () => pr.threads(), null),
    optional<readonly Commit[]>('commits', () => pr.commits(), []),
    optional<readonly LinkedIssue[]>('linked issues', () => pr.linkedIssues(), []),
    optional<readonly NamedText[]>('conventions', () => readConventions(ctx), []),
    optional('spec', () => readSpec(ctx, settings.specDir), null),
    readHeadFiles(ctx, change, settings.limits),
  ])
  unread.push(...headFiles.unread)
  const known = await earlierFindings(ctx, threads, memory)
  const thread = comments ?? []
  const material = { pr, comments: thread, threads: threads ?? [], known, commits, issues, conventions, spec }
  return {
    ...{ ...material, headFiles, unread },
    hasSummary: comments === null ? memory.commented : comments.some(isSummary),
  }
}

/** Signed by this service and written by this module, not by another one of its modules. */
const isSummary = ({ own, body }: Comment): boolean =>
  own && body.replace(/^(?:\s*<!--[\s\S]*?-->)*\s*/, '').startsWith(HEADER)
