import { z } from 'zod'
import type { Receipt } from '@hookyard/sdk/host'
import { keyShape } from './comment.ts'
import type { GitHub } from './client.ts'
import { type EffectDeps, applyKeyed, freshPullRequest, unlessGone } from './effects.ts'
import { isEqual, signature } from './marker.ts'
import { publishedText, publishedTitle } from './published.ts'
import { GitHubRefusal, isRefused } from './refusal.ts'
import { type RunScope, checked, entityOf, ownerAndName, requireGrant, requireNumber } from './scope.ts'

/** GitHub's limit for a check run's summary. */
export const MAX_SUMMARY = 65_535

const checkShape = z.strictObject({
  name: z.string().min(1).max(100),
  conclusion: z.enum(['neutral', 'success', 'failure', 'action_required']),
  title: z.string().min(1).max(255),
  summary: z.string(),
})

/** `check(key, input)`: one check run per key and head; a new head gets a check run of its own. */
export async function writeCheck(
  deps: EffectDeps,
  scope: RunScope,
  args: readonly unknown[],
): Promise<Receipt> {
  requireGrant(scope, 'check')
  const number = requireNumber(scope, 'check()', ['pull_request'])
  const key = checked(keyShape, args[0], 'check(key)')
  const input = checked(checkShape, args[1], 'check(key, input)')
  requireApp(deps)
  const sha = scope.subject?.headSha ?? (await freshPullRequest(deps, scope, number)).head.sha
  const marked = {
    module: scope.module,
    entity: entityOf(scope, number),
    kind: 'check',
    key: `${key}@${sha}`,
  }
  const externalId = signature(deps.markerKey, marked)
  const octokit = deps.github.octokit(scope.repository, scope.signal)
  const where = ownerAndName(scope.repository)
  const { checks } = octokit.rest
  const content = () => ({
    name: publishedTitle(scope, input.name),
    external_id: externalId,
    status: 'completed' as const,
    conclusion: input.conclusion,
    completed_at: new Date(deps.clock()).toISOString(),
    output: {
      title: publishedTitle(scope, input.title),
      summary: publishedText(scope, input.summary, MAX_SUMMARY),
    },
  })
  return applyKeyed(deps, scope, {
    key: marked,
    content: input,
    before: () => freshPullRequest(deps, scope, number),
    async find() {
      const pages = octokit.paginate.iterator(checks.listForRef, {
        ...where,
        ref: sha,
        filter: 'all',
        per_page: 100,
      })
      for await (const { data } of pages) {
        const found = data.find((run) => isEqual(run.external_id ?? '', externalId))
        if (found) return { id: found.id, url: found.html_url ?? found.url, same: false }
      }
      return null
    },
    async create() {
      const { data } = await needsApp(deps, () => checks.create({ ...where, head_sha: sha, ...content() }))
      return { id: data.id, url: data.html_url ?? data.url }
    },
    async update(id) {
      const changed = await unlessGone(
        deps,
        scope,
        () => needsApp(deps, () => checks.update({ ...where, check_run_id: id, ...content() })),
        // Check runs belong to an App, not to a login: a 403 stays one.
        () => deps.github.ownLogin(scope.repository),
      )
      return changed && { id: changed.data.id, url: changed.data.html_url ?? changed.data.url }
    },
  })
}

/** Clients whose credentials were refused a check run: they are not asked again, or every review would ask in vain. */
const refused = new WeakSet<GitHub>()

// https://docs.github.com/en/rest/checks/runs: write permission for check runs is only available to GitHub Apps.
function requireApp({ github }: EffectDeps): void {
  if (!refused.has(github)) return
  throw new GitHubRefusal(
    'check runs need a GitHub App: set GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY instead of GITHUB_TOKEN, or take `check` out of the module’s `may`',
    { reason: 'github_forbidden', status: 403 },
  )
}

async function needsApp<T>(deps: EffectDeps, write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    if (deps.github.credential === 'app' || !isRefused(error, 403)) throw error
    refused.add(deps.github)
    requireApp(deps)
    throw error
  }
}
