// What a review is based on beside the diff. Only the diff must be there; what else cannot be read is named.
import { findHosts, type Comment, type KnownNames, type ModuleContext, type PullRequest } from '@hookyard/sdk'
import type { FittedDiff } from './fit-diff.ts'

export const HEADER = '## Review by Hookyard'

const CONVENTION_FILES = ['AGENTS.md', 'CLAUDE.md', 'CONTRIBUTING.md']
const MAX_CONVENTIONS_CHARS = 20_000
const MAX_COMMITS_CHARS = 10_000
const MAX_THREAD_CHARS = 20_000
const MAX_BODY_CHARS = 20_000

export interface ReviewContext {
  readonly pr: PullRequest
  readonly diff: FittedDiff
  /** Outside text by name, empty ones left out. */
  readonly outside: Readonly<Record<string, string>>
  /** What could not be read, in words. */
  readonly unread: readonly string[]
  /** Our own review in the thread, if there is one. */
  readonly ownReview: Comment | null
  /** Whom and where the published text may point to. */
  readonly known: KnownNames
}

/** Reads conventions (from the base branch: the change cannot rewrite them), commits and the thread so far. */
export async function gatherContext(ctx: ModuleContext, diff: FittedDiff): Promise<ReviewContext> {
  const { pr, repo } = ctx
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
  const [comments, commits, conventions] = await Promise.all([
    optional('thread', () => pr.comments(), []),
    optional('commits', () => pr.commits(), []),
    optional('conventions', () => readConventions(repo, pr.base.ref), ''),
  ])
  const ownReview = comments.findLast(isReview) ?? null
  const outside = withoutEmpty({
    title: pr.title,
    description: (pr.body ?? '').slice(0, MAX_BODY_CHARS),
    commits: commits
      .map((commit) => `${commit.sha.slice(0, 7)} ${commit.message}`)
      .join('\n')
      .slice(0, MAX_COMMITS_CHARS),
    conventions,
    'your earlier review': ownReview?.body.slice(0, MAX_THREAD_CHARS) ?? '',
    thread: newest(comments.filter((comment) => !comment.own)),
    diff: diff.text,
    'files left out of the diff': diff.leftOut.slice(0, 200).join('\n'),
  })
  return {
    ...{ pr, diff, outside, unread, ownReview },
    known: {
      knownLogins: peopleOf(pr, comments),
      knownHosts: findHosts([...Object.values(outside), pr.html_url]),
    },
  }
}

/** Whether a review of ours stands in the thread; if that could not be read, as kept from the last run. */
export const hasReview = (context: ReviewContext, state: unknown): boolean =>
  context.ownReview !== null ||
  (context.unread.includes('thread') && (state as { commented?: unknown } | null)?.commented === true)

/** Signed by this service and written by this module, not by another one of its modules. */
const isReview = (comment: Comment): boolean =>
  comment.own && comment.body.replace(/^(?:\s*<!--[\s\S]*?-->)*\s*/, '').startsWith(HEADER)

async function readConventions(repo: ModuleContext['repo'], base: string): Promise<string> {
  for (const path of CONVENTION_FILES) {
    const text = await repo.file(path, base)
    if (text !== null && text.trim() !== '') return `${path}\n\n${text}`.slice(0, MAX_CONVENTIONS_CHARS)
  }
  return ''
}

/** The newest comments that fit, oldest first. */
function newest(comments: readonly Comment[]): string {
  const told: string[] = []
  let room = MAX_THREAD_CHARS
  for (const comment of comments.toReversed()) {
    const text = `[${comment.created_at}] ${comment.author}:\n${comment.body}`.slice(0, MAX_THREAD_CHARS)
    if (text.length > room) {
      told.push('[earlier comments left out]')
      break
    }
    room -= text.length
    told.push(text)
  }
  return told.reverse().join('\n\n')
}

function peopleOf(pr: PullRequest, comments: readonly Comment[]): string[] {
  const reviewers = Array.isArray(pr.data.requested_reviewers) ? pr.data.requested_reviewers : []
  return [
    pr.author,
    ...pr.assignees.map((account) => account.login),
    ...reviewers.map((account: unknown) => String((account as { login?: unknown } | null)?.login ?? '')),
    ...comments.map((comment) => comment.author),
  ].filter((login) => login !== '')
}

const withoutEmpty = (texts: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(texts).filter(([, text]) => text.trim() !== ''))
