// The writes that `may` can open to ctx.github: each names its grant, and pins itself to the run's subject.
// All that is not in this table is refused.
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { Grant } from '../../registry/manifest.ts'
import type { EffectDeps } from './call.ts'
import { freshPullRequest } from './effects.ts'
import { MAX_SUMMARY } from './check.ts'
import { findMarker, ownMarker, signature, signMarker } from './marker.ts'
import { publishedBody, publishedOutput, publishedTitle } from './format-published.ts'
import { hasStatus } from './errors.ts'
import { listLabels } from './reads.ts'
import { inlineComment } from './review.ts'
import { type RunScope, checked, entityOf, ownerAndName } from './scope.ts'

/** The body that a write sends; a string: why the module may not. */
type Prepared = Record<string, unknown> | null | string

export type GateWrite = ReturnType<typeof gateWrite>

/** `operation`: below `/repos/{owner}/{repo}`; `{n}`: the subject's number, `{id}`: a thing's, `{name}`: any. */
function gateWrite(operation: string, grant: Grant, prepare: (write: WriteRequest) => Promise<Prepared>) {
  const [method = '', route = ''] = operation.split(' ')
  return { operation, method, route: route.split('/'), grant, prepare }
}

interface WriteRequest {
  readonly deps: EffectDeps
  readonly scope: RunScope
  readonly number: number
  /** What stands for `{id}` or `{name}`. */
  readonly variable: string
  readonly body: unknown
  /** The pull request's head; null on an issue. */
  readonly headSha: string | null
}

const commentBody = z.strictObject({ body: z.string().min(1) })
const labelNames = z.array(z.string().min(1)).min(1).max(100)
const labelsBody = z.union([z.strictObject({ labels: labelNames }), labelNames])
const reviewBody = z.strictObject({
  body: z.string().default(''),
  // Left out, GitHub would keep the review pending, and only the service could find it again.
  event: z.enum(['COMMENT', 'REQUEST_CHANGES'], {
    error: 'a module may COMMENT or REQUEST_CHANGES; it never approves and leaves no review pending',
  }),
  commit_id: z.string().optional(),
  comments: z.array(inlineComment).max(200).optional(),
})
const reviewCommentBody = z.strictObject({
  ...inlineComment.shape,
  line: z.number().int().positive().optional(),
  commit_id: z.string().optional(),
  subject_type: z.enum(['line', 'file']).optional(),
})
const checkFields = {
  name: z.string().min(1).max(100).optional(),
  status: z.enum(['queued', 'in_progress', 'completed']).optional(),
  conclusion: z
    .enum(['neutral', 'success', 'failure', 'action_required', 'cancelled', 'skipped', 'timed_out'])
    .optional(),
  started_at: z.string().max(40).optional(),
  completed_at: z.string().max(40).optional(),
  output: z.looseObject({ title: z.string(), summary: z.string() }).optional(),
}
const newCheck = z.strictObject({ ...checkFields, head_sha: z.string() })
const changedCheck = z.strictObject(checkFields)

export const GATE_WRITES: readonly GateWrite[] = [
  gateWrite('POST issues/{n}/comments', 'comment', async ({ deps, scope, number, body }) => {
    const text = checked(commentBody, body, 'body').body
    return { body: publishedBody(scope, text, newMarker(deps, scope, number, 'comment')) }
  }),
  gateWrite('PATCH issues/comments/{id}', 'comment', async (write) => {
    const marker = await ownCommentMarker(write)
    if (marker === null) return NOT_OWN_COMMENT
    return { body: publishedBody(write.scope, checked(commentBody, write.body, 'body').body, marker) }
  }),
  gateWrite('DELETE issues/comments/{id}', 'comment', async (write) =>
    (await ownCommentMarker(write)) === null ? NOT_OWN_COMMENT : null,
  ),
  gateWrite('POST issues/{n}/labels', 'label', async ({ deps, scope, body }) => {
    const asked = checked(labelsBody, body, 'body')
    const names = 'labels' in asked ? asked.labels : asked
    // GitHub makes a label that it does not have, as soon as somebody puts it on an issue.
    const has = new Map((await listLabels(deps.github, scope)).map(({ name }) => [name.toLowerCase(), name]))
    const missing = names.filter((name) => !has.has(name.toLowerCase()))
    return missing.length > 0
      ? `the repository has no label ${missing.join(', ')}, and modules make none`
      : { labels: names.map((name) => has.get(name.toLowerCase())) }
  }),
  gateWrite('DELETE issues/{n}/labels/{name}', 'label', () => Promise.resolve(null)),
  gateWrite('POST pulls/{n}/reviews', 'review', async ({ deps, scope, number, headSha, body }) => {
    const review = checked(reviewBody, body, 'body')
    if (isOtherHead(review.commit_id, headSha)) return OTHER_HEAD
    const comments = review.comments?.map((comment) => ({
      ...comment,
      body: onLine(deps, scope, number, comment.body),
    }))
    const marked = publishedBody(scope, review.body, newMarker(deps, scope, number, 'review'))
    return { ...review, body: marked, commit_id: headSha, ...(comments ? { comments } : {}) }
  }),
  gateWrite('POST pulls/{n}/comments', 'review', async ({ deps, scope, number, headSha, body }) => {
    const comment = checked(reviewCommentBody, body, 'body')
    if (isOtherHead(comment.commit_id, headSha)) return OTHER_HEAD
    return { ...comment, commit_id: headSha, body: onLine(deps, scope, number, comment.body) }
  }),
  gateWrite('POST check-runs', 'check', async ({ deps, scope, number, headSha, body }) => {
    const check = checked(newCheck, body, 'body')
    if (isOtherHead(check.head_sha, headSha)) return OTHER_HEAD
    const external_id = signature(deps.markerKey, newMark(scope, number, 'check'))
    return { ...check, ...said(scope, check), external_id }
  }),
  gateWrite('PATCH check-runs/{id}', 'check', async (write) => {
    const check = checked(changedCheck, write.body, 'body')
    return (await isOwnCheck(write))
      ? { ...check, ...said(write.scope, check) }
      : 'it is no check run that this module made on this head'
  }),
]

const NOT_OWN_COMMENT = 'it is no comment that this module wrote on the subject of this run'
const OTHER_HEAD = 'it names another commit than the head of the run’s pull request'

const isOtherHead = (named: string | undefined, headSha: string | null): boolean =>
  headSha === null || (named !== undefined && named.toLowerCase() !== headSha.toLowerCase())

/** The head that a write is pinned to. @throws SupersededError as before every write on a pull request. */
export async function currentHead(deps: EffectDeps, scope: RunScope, number: number): Promise<string | null> {
  if (scope.subject?.kind !== 'pull_request') return null
  return (await freshPullRequest(deps, scope, number)).head.sha
}

// What goes out through ctx.github is marked too, so that it can be told from a stranger's later.
const newMark = (scope: RunScope, number: number, kind: string) => ({
  module: scope.module,
  entity: entityOf(scope, number),
  kind,
  key: `ctx.github ${randomUUID()}`,
})

const newMarker = (deps: EffectDeps, scope: RunScope, number: number, kind: string): string =>
  signMarker(deps.markerKey, newMark(scope, number, kind))

const onLine = (deps: EffectDeps, scope: RunScope, number: number, text: string): string =>
  publishedBody(scope, text, newMarker(deps, scope, number, 'review_comment'), { suggestions: true })

/** What is read of a check run. */
const said = (scope: RunScope, { name, output }: z.infer<typeof changedCheck>) => ({
  ...(name === undefined ? {} : { name: publishedTitle(scope, name) }),
  ...(output === undefined ? {} : { output: publishedOutput(scope, output, MAX_SUMMARY) }),
})

/** The marker to keep on a comment, or null when it is not this module's own on this subject. */
async function ownCommentMarker({ deps, scope, number, variable }: WriteRequest): Promise<string | null> {
  const { rest } = deps.github.octokit(scope.repository, scope.signal)
  const on = { ...ownerAndName(scope.repository), comment_id: Number(variable) }
  const [login, comment] = await Promise.all([
    deps.github.ownLogin(scope.repository),
    unlessMissing(rest.issues.getComment(on)),
  ])
  const where = { entity: entityOf(scope, number), kind: 'comment' }
  if (!comment?.issue_url.endsWith(`/issues/${number}`)) return null
  const found = ownMarker(deps.markerKey, comment, login, where)
  return found?.module === scope.module ? found.text : null
}

/** Made by this module through a verb or through ctx.github: its `external_id` is signed like a marker. */
async function isOwnCheck({ deps, scope, number, variable, headSha }: WriteRequest): Promise<boolean> {
  const { rest } = deps.github.octokit(scope.repository, scope.signal)
  const on = { ...ownerAndName(scope.repository), check_run_id: Number(variable) }
  const check = await unlessMissing(rest.checks.get(on))
  if (check?.head_sha !== headSha) return false
  const signed = { entity: entityOf(scope, number), kind: 'check' }
  return findMarker(deps.markerKey, `<!-- ${check.external_id ?? ''} -->`, signed)?.module === scope.module
}

async function unlessMissing<T>(asked: Promise<{ readonly data: T }>): Promise<T | null> {
  try {
    return (await asked).data
  } catch (error) {
    if (hasStatus(error, 404, 410)) return null
    throw error
  }
}
