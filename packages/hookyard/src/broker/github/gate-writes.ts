// The writes that `may` can open to ctx.github, pinned to the run's subject. All that is not in this table is refused.
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { Grant } from '../../registry/manifest.ts'
import type { Call } from './call.ts'
import { MAX_SUMMARY } from './check.ts'
import { findMarker, signature, signMarker } from './marker.ts'
import { publishedBody, publishedOutput, publishedTitle } from './format-published.ts'
import { hasStatus } from './errors.ts'
import { listLabels } from './reads.ts'
import { inlineComment } from './review.ts'
import { checked } from './scope.ts'

/** The body that a write sends; a string: why the module may not. */
type Prepared = Record<string, unknown> | null | string

export type GateWrite = ReturnType<typeof gateWrite>

/** `operation`: below `/repos/{owner}/{repo}`; `{n}`: the subject's number, `{id}`: a thing's, `{name}`: any. */
function gateWrite(operation: string, grant: Grant, prepare: (write: WriteRequest) => Promise<Prepared>) {
  const [method = '', route = ''] = operation.split(' ')
  return { operation, method, route: route.split('/'), grant, prepare }
}

interface WriteRequest {
  readonly call: Call
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
  gateWrite('POST issues/{n}/comments', 'comment', async (write) => ({
    body: marked(write, 'comment', checked(commentBody, write.body, 'body').body),
  })),
  gateWrite('PATCH issues/comments/{id}', 'comment', async (write) => {
    const marker = await ownCommentMarker(write)
    if (marker === null) return NOT_OWN_COMMENT
    return { body: publishedBody(write.call.scope, checked(commentBody, write.body, 'body').body, marker) }
  }),
  gateWrite('DELETE issues/comments/{id}', 'comment', async (write) =>
    (await ownCommentMarker(write)) === null ? NOT_OWN_COMMENT : null,
  ),
  gateWrite('POST issues/{n}/labels', 'label', async ({ call: { deps, scope }, body }) => {
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
  gateWrite('POST pulls/{n}/reviews', 'review', async (write) => {
    const { comments, ...review } = checked(reviewBody, write.body, 'body')
    if (isOtherHead(write, review.commit_id)) return OTHER_HEAD
    return {
      ...review,
      body: marked(write, 'review', review.body),
      commit_id: write.headSha,
      ...(comments && { comments: comments.map((comment) => onLine(write, comment)) }),
    }
  }),
  gateWrite('POST pulls/{n}/comments', 'review', async (write) => {
    const comment = checked(reviewCommentBody, write.body, 'body')
    if (isOtherHead(write, comment.commit_id)) return OTHER_HEAD
    return { ...onLine(write, comment), commit_id: write.headSha }
  }),
  gateWrite('POST check-runs', 'check', async (write) => {
    const check = checked(newCheck, write.body, 'body')
    if (isOtherHead(write, check.head_sha)) return OTHER_HEAD
    const external_id = signature(write.call.deps.markerKey, newMark(write, 'check'))
    return { ...check, ...said(write, check), external_id }
  }),
  gateWrite('PATCH check-runs/{id}', 'check', async (write) => {
    const check = checked(changedCheck, write.body, 'body')
    if (!(await isOwnCheck(write))) return 'it is no check run that this module made on this head'
    return { ...check, ...said(write, check) }
  }),
]

const NOT_OWN_COMMENT = 'it is no comment that this module wrote on the subject of this run'
const OTHER_HEAD = 'it names another commit than the head of the run’s pull request'

const isOtherHead = ({ headSha }: WriteRequest, named: string | undefined): boolean =>
  headSha === null || (named !== undefined && named.toLowerCase() !== headSha.toLowerCase())

// What goes out through ctx.github is marked too, so that it can be told from a stranger's later.
const newMark = ({ call, number }: WriteRequest, kind: string) =>
  call.marked(number, kind, `ctx.github ${randomUUID()}`)

const marked = (
  write: WriteRequest,
  kind: string,
  text: string,
  options?: { suggestions: boolean },
): string =>
  publishedBody(write.call.scope, text, signMarker(write.call.deps.markerKey, newMark(write, kind)), options)

const onLine = <T extends { readonly body: string }>(write: WriteRequest, comment: T): T => ({
  ...comment,
  body: marked(write, 'review_comment', comment.body, { suggestions: true }),
})

/** What is read of a check run. */
const said = ({ call: { scope } }: WriteRequest, { name, output }: z.infer<typeof changedCheck>) => ({
  ...(name === undefined ? {} : { name: publishedTitle(scope, name) }),
  ...(output === undefined ? {} : { output: publishedOutput(scope, output, MAX_SUMMARY) }),
})

/** The marker to keep on a comment, or null when it is not this module's own on this subject. */
async function ownCommentMarker({ call, number, variable }: WriteRequest): Promise<string | null> {
  const on = { ...call.where, comment_id: Number(variable) }
  const [login, comment] = await Promise.all([
    call.ownLogin(),
    unlessMissing(call.octokit.rest.issues.getComment(on)),
  ])
  if (!comment?.issue_url.endsWith(`/issues/${number}`)) return null
  return call.ownMark(number, 'comment', login, comment)?.text ?? null
}

/** Made by this module through a verb or through ctx.github: its `external_id` is signed like a marker. */
async function isOwnCheck({ call, number, variable, headSha }: WriteRequest): Promise<boolean> {
  const on = { ...call.where, check_run_id: Number(variable) }
  const check = await unlessMissing(call.octokit.rest.checks.get(on))
  if (check?.head_sha !== headSha) return false
  const signed = `<!-- ${check.external_id ?? ''} -->`
  const found = findMarker(call.deps.markerKey, signed, call.marked(number, 'check', ''))
  return found?.module === call.scope.module
}

async function unlessMissing<T>(asked: Promise<{ readonly data: T }>): Promise<T | null> {
  try {
    return (await asked).data
  } catch (error) {
    if (hasStatus(error, 404, 410)) return null
    throw error
  }
}
