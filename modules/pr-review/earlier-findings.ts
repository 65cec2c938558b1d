// What earlier reviews found, and what became of it: read from our own threads on GitHub, completed from memory.
import { reasonOf, type ContextOf, type ReviewThread, type ThreadComment } from '@hookyard/sdk'
import { FINDING_ID } from './identity.ts'
import type { Memory, Remembered } from './memory.ts'

export interface EarlierFinding extends Remembered {
  /** null: told in the summary alone, or the threads could not be read. */
  readonly thread: ReviewThread | null
}

/** How a fixed finding's comment begins where GitHub does not let us resolve its thread. */
export const FIXED_NOTE = 'Fixed in '

const ID_MARK = /<!-- finding ([0-9a-f]{12}) -->/g

/** What is hidden at the end of an inline comment. */
export const findingMark = (id: string): string => `finding ${id}`

/** The earlier findings; `threads` is null when they could not be read. */
export async function earlierFindings(
  ctx: ContextOf<'pull_request'>,
  threads: readonly ReviewThread[] | null,
  memory: Memory,
): Promise<EarlierFinding[]> {
  const remembered = new Map(memory.findings.map((finding) => [finding.id, finding]))
  if (threads === null) return memory.findings.map((finding) => ({ ...finding, thread: null }))
  const maintains = maintainers(ctx)
  const known = new Map<string, EarlierFinding>()
  for (const thread of threads) {
    const [first] = thread.comments
    // Ours is the last: before it the agent may have written one.
    const id = first?.own ? [...first.body.matchAll(ID_MARK)].at(-1)?.[1] : undefined
    if (first === undefined || id === undefined || !FINDING_ID.test(id)) continue
    const before = remembered.get(id) ?? recall(id, thread.path, first)
    // A finding that came back has two threads: the newer one counts.
    known.set(id, { ...before, inline: true, thread, status: await statusOf(thread, before, maintains) })
  }
  const seesOwn = known.size > 0
  for (const finding of memory.findings) {
    if (known.has(finding.id)) continue
    // Its comment was deleted: somebody did not want it. (When none of ours is seen, we are blind and not unwanted.)
    const status = seesOwn && finding.inline && finding.status === 'open' ? 'dismissed' : finding.status
    known.set(finding.id, { ...finding, status, thread: null })
  }
  return [...known.values()]
}

async function statusOf(
  thread: ReviewThread,
  before: Remembered,
  maintains: (comment: Pick<ThreadComment, 'author' | 'association'>) => Promise<boolean>,
): Promise<Remembered['status']> {
  const [first, ...replies] = thread.comments
  if (before.status === 'dismissed') return 'dismissed'
  if (before.status === 'fixed' || first?.body.startsWith(FIXED_NOTE)) return 'fixed'
  // Not by us, or we would remember it as fixed.
  if (thread.resolved) return 'dismissed'
  for (const login of first?.thumbs_down ?? [])
    if (await maintains({ author: login, association: 'NONE' })) return 'dismissed'
  for (const reply of replies)
    if (!reply.own && !/^\s*\//.test(reply.body) && (await maintains(reply))) return 'dismissed'
  return 'open'
}

/** Whether somebody may write to the repository; the author of a pull request from outside may not dismiss. */
function maintainers(ctx: ContextOf<'pull_request'>) {
  const asked = new Map<string, Promise<boolean>>()
  const ask = async (login: string, association: string): Promise<boolean> => {
    try {
      return ['admin', 'write'].includes(await ctx.repo.permission(login))
    } catch (error) {
      if (ctx.signal.aborted) throw error
      // Only those who may write are told who else may; then GitHub's word for the author must do.
      ctx.log.debug('could not read a permission', { login, reason: reasonOf(error) })
      return ['OWNER', 'MEMBER', 'COLLABORATOR'].includes(association)
    }
  }
  return ({ author, association }: { author: string; association: string }): Promise<boolean> => {
    const known = asked.get(author) ?? ask(author, association)
    asked.set(author, known)
    return known
  }
}

/** What the comment itself tells, when nothing is remembered. */
function recall(id: string, file: string, comment: ThreadComment): Remembered {
  const [, word = '', title = ''] = /^\*\*(Critical|Warning|Suggestion): (.*)\*\*$/m.exec(comment.body) ?? []
  const severity = word === 'Critical' ? 'critical' : word === 'Suggestion' ? 'suggestion' : 'warning'
  return { id, file, title, severity, code: '', status: 'open', inline: true }
}
