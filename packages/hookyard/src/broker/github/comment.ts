import { z } from 'zod'
import type { Receipt } from '@hookyard/sdk/host'
import { type Call, keyShape } from './call.ts'
import { applyKeyed, checkHead, findWritten, unlessGone } from './effects.ts'
import { signMarker } from './marker.ts'
import { publishedBody } from './format-published.ts'

const textShape = z.string().refine((text) => text.trim() !== '', 'is empty; GitHub takes no empty comment')

/** `comment(key, text)`: one comment on the subject per key. */
export async function writeComment(call: Call): Promise<Receipt> {
  const { deps, scope, octokit, where } = call
  const number = call.number(['pull_request', 'issue'], 'comment')
  const marked = call.marked(number, 'comment', call.arg(0, 'key', keyShape))
  const text = call.arg(1, 'key, text', textShape)
  const body = publishedBody(scope, text, signMarker(deps.markerKey, marked))
  const { issues } = octokit.rest
  const on = { ...where, issue_number: number }
  return applyKeyed(deps, scope, {
    key: marked,
    content: scope.judged ? body : text,
    before: () => checkHead(deps, scope, number),
    // Not by `since`: that would set our clock against GitHub's, and this path is taken after a crash alone.
    find: () =>
      findWritten(
        call,
        marked,
        body,
        octokit.paginate.iterator(issues.listComments, { ...on, per_page: 100 }),
      ),
    create: async () => (await issues.createComment({ ...on, body })).data,
    update: (comment_id) =>
      unlessGone(
        call,
        () => issues.updateComment({ ...where, comment_id, body }),
        () => issues.getComment({ ...where, comment_id }),
      ),
  })
}
