// What leaves for GitHub, in an order in which a crash at any point is made good by the next attempt: what is fixed is
// resolved, what is new is posted by one submission, then the summary says how it stands, then the check run.
import { isPermanent, reasonOf, type ContextOf, type Receipt } from '@hookyard/sdk'
import { FIXED_NOTE } from './earlier-findings.ts'
import { hash } from './identity.ts'
import { inlineComment } from './inline-comments.ts'
import type { Memory } from './memory.ts'
import type { Done } from './plan.ts'
import { renderSummary, result, settingsProblems, type Told } from './review-comment.ts'
import { count } from './markdown.ts'

export interface Published extends Done {
  readonly comment: Receipt | null
  readonly review: Receipt | null
  readonly check: Receipt | null
  /** A review of ours requests changes now. */
  readonly requested: boolean
}

/** Brings the page up to date with the plan. */
export async function publish(
  ctx: ContextOf<'pull_request'>,
  told: Omit<Told, 'onLine'>,
  memory: Memory,
): Promise<Published> {
  const { plan, material, settings } = told
  const resolved = await resolveFixed(ctx, told)
  const { review, posted, requested } = await postNew(ctx, told, memory)
  const onLine = new Set([...posted, ...plan.open.filter(({ before }) => before?.inline).map(({ id }) => id)])
  // A clean pull request gets no comment, unless one is there that would now be wrong.
  const speaks = plan.open.length > 0 || material.hasSummary
  const comment = speaks ? await ctx.pr.comment('review', renderSummary({ ...told, onLine })) : null
  const check = await writeCheck(ctx, told, comment)
  const { report } = settings.file
  if (report !== null && (comment ?? check) !== null) await ctx.repo.settingsReported(report)
  return { resolved, posted, comment, review, check, requested }
}

/** A run has 50 effects; the next review resolves what is left. */
const MAX_RESOLVED = 40

async function resolveFixed(
  ctx: ContextOf<'pull_request'>,
  { plan, material }: Omit<Told, 'onLine'>,
): Promise<Set<string>> {
  const resolved = new Set<string>()
  const threads = plan.fixed.flatMap(({ id, thread }) => (thread === null ? [] : [{ id, thread }]))
  if (threads.length > MAX_RESOLVED)
    ctx.log.info('the next review resolves the rest of what is fixed', { fixed: threads.length })
  for (const { id, thread } of threads.slice(0, MAX_RESOLVED)) {
    try {
      await ctx.pr.resolve(thread.id, `${FIXED_NOTE}\`${material.pr.head.sha.slice(0, 7)}\`.`)
      resolved.add(id)
    } catch (error) {
      if (ctx.signal.aborted) throw error
      ctx.log.warn('could not resolve a fixed finding; the next review tries again', {
        id,
        error: String(error),
      })
    }
  }
  return resolved
}

async function postNew(
  ctx: ContextOf<'pull_request'>,
  { plan, material, settings }: Omit<Told, 'onLine'>,
  memory: Memory,
): Promise<{ review: Receipt | null; posted: ReadonlySet<string>; requested: boolean }> {
  const critical = plan.open.filter(({ severity }) => severity === 'critical').length
  const wants = settings.requestChanges && critical > 0
  if (memory.requested && !wants) await withdraw(ctx)
  const comments = plan.post.flatMap(({ id, finding }) => (finding && inlineComment(finding, id)) ?? [])
  const asks = wants && !memory.requested
  const standing = wants && memory.requested
  if (comments.length === 0 && !asks) return { review: null, posted: new Set(), requested: standing }
  const body = asks ? `${count(critical, 'critical finding')} should be fixed before this is merged.` : ''
  // The key names what is in it: the same findings again are the same review, others are another one.
  const key = `inline ${material.pr.head.sha} ${await hash(JSON.stringify(plan.post.map(({ id }) => id)))}`
  try {
    const event = asks ? 'REQUEST_CHANGES' : 'COMMENT'
    const review = await ctx.pr.review(key, { body, event, comments })
    return { review, posted: new Set(plan.post.map(({ id }) => id)), requested: wants }
  } catch (error) {
    // GitHub and we do not agree about a line, or it has no reviews here: better in the summary than lost.
    if (!['github_invalid', 'github_not_found'].includes(reasonOf(error) ?? '')) throw error
    ctx.log.warn('GitHub refused the inline comments; the summary tells them', { error: String(error) })
    return { review: null, posted: new Set(), requested: standing }
  }
}

async function withdraw(ctx: ContextOf<'pull_request'>): Promise<void> {
  try {
    await ctx.pr.withdraw('Every critical finding is fixed.')
  } catch (error) {
    if (ctx.signal.aborted || !isPermanent(error)) throw error
    ctx.log.warn('may not dismiss the request for changes; a maintainer has to', { error: String(error) })
  }
}

/** Always neutral: it tells, and blocks nothing. That GitHub refuses it does not undo the review. */
async function writeCheck(
  ctx: ContextOf<'pull_request'>,
  { plan, material, settings, change, review }: Omit<Told, 'onLine'>,
  comment: Receipt | null,
): Promise<Receipt | null> {
  const unread = change.tooLong.length + review.unasked.length
  const summary = [
    `Commit ${material.pr.head.sha.slice(0, 7)}: ${result(plan)}.`,
    ...(unread > 0
      ? [`${count(unread, 'file')} of a long diff ${unread === 1 ? 'was' : 'were'} not read.`]
      : []),
    ...(comment === null ? [] : [`The [review](${comment.url}) tells more.`]),
    ...(comment === null ? settingsProblems(settings) : []),
  ]
  try {
    return await ctx.pr.check('review', {
      name: 'Hookyard review',
      conclusion: 'neutral',
      title: result(plan).slice(0, 200),
      summary: summary.join('\n\n'),
    })
  } catch (error) {
    // Told already where it counts; GitHub says 404 where a token may not see, and 422 to a commit that is gone.
    if (ctx.signal.aborted || !isPermanent(error)) throw error
    ctx.log.debug('GitHub takes no check run', { error: String(error) })
    return null
  }
}
