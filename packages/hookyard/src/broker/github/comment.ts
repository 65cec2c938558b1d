import { z } from 'zod'
import type { Receipt } from '@hookyard/sdk/host'
import { type EffectDeps, applyKeyed, checkHead, unlessGone } from './effects.ts'
import { findMarker, hashKey, signMarker } from './marker.ts'
import { publishedBody } from './published.ts'
import { type RunScope, checked, entityOf, ownerAndName, requireGrant, requireNumber } from './scope.ts'

/** The key of a keyed verb: the module's own word for the thing. */
export const keyShape = z.string().min(1).max(200)
const textShape = z.string().refine((text) => text.trim() !== '', 'is empty; GitHub takes no empty comment')

/** `comment(key, text)`: one comment on the subject per key. */
export async function writeComment(
  deps: EffectDeps,
  scope: RunScope,
  args: readonly unknown[],
): Promise<Receipt> {
  requireGrant(scope, 'comment')
  const number = requireNumber(scope, 'comment()', ['pull_request', 'issue'])
  const key = checked(keyShape, args[0], 'comment(key)')
  const text = checked(textShape, args[1], 'comment(key, text)')
  const marked = { module: scope.module, entity: entityOf(scope, number), kind: 'comment', key }
  const body = publishedBody(scope, text, signMarker(deps.markerKey, marked))
  const octokit = deps.github.octokit(scope.repository, scope.signal)
  const where = ownerAndName(scope.repository)
  const { issues } = octokit.rest
  return applyKeyed(deps, scope, {
    key: marked,
    content: scope.judged ? body : text,
    before: () => checkHead(deps, scope, number),
    async find() {
      const login = await deps.github.ownLogin(scope.repository)
      const wanted = hashKey(deps.markerKey, 'comment', key)
      // Oldest first: the original comes before any copy of its text. Not by `since`: that would set our clock
      // against GitHub's, and this path is taken after a crash alone.
      const pages = octokit.paginate.iterator(issues.listComments, {
        ...where,
        issue_number: number,
        per_page: 100,
      })
      for await (const { data } of pages) {
        for (const raw of data) {
          if (raw.user?.login.toLowerCase() !== login.toLowerCase()) continue
          const found = findMarker(deps.markerKey, raw.body ?? '', marked)
          if (found?.module === scope.module && found.keyHash === wanted) {
            return { id: raw.id, url: raw.html_url, same: raw.body === body }
          }
        }
      }
      return null
    },
    async create() {
      const { data } = await issues.createComment({ ...where, issue_number: number, body })
      return { id: data.id, url: data.html_url }
    },
    async update(id) {
      const changed = await unlessGone(
        deps,
        scope,
        () => issues.updateComment({ ...where, comment_id: id, body }),
        async () => (await issues.getComment({ ...where, comment_id: id })).data.user?.login ?? null,
      )
      return changed && { id: changed.data.id, url: changed.data.html_url }
    },
  })
}
