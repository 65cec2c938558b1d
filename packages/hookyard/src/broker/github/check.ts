import { z } from 'zod'
import type { Receipt } from '@hookyard/sdk/host'
import { type Call, keyShape } from './call.ts'
import type { GitHub } from './client.ts'
import { applyKeyed, freshPullRequest, unlessGone } from './effects.ts'
import { GitHubError, hasStatus } from './errors.ts'
import { isEqual, signature } from './marker.ts'
import { publishedText, publishedTitle } from './format-published.ts'

/** GitHub's limit for a check run's summary. */
export const MAX_SUMMARY = 65_535

const checkShape = z.strictObject({
  name: z.string().min(1).max(100),
  conclusion: z.enum(['neutral', 'success', 'failure', 'action_required']),
  title: z.string().min(1).max(255),
  summary: z.string(),
})

/** `check(key, input)`: one check run per key and head; a new head gets a check run of its own. */
export async function writeCheck(call: Call): Promise<Receipt> {
  const { deps, scope, octokit, where } = call
  const number = call.number(['pull_request'], 'check')
  const key = call.arg(0, 'key', keyShape)
  const input = call.arg(1, 'key, input', checkShape)
  requireApp(deps.github)
  const sha = scope.subject?.headSha ?? (await freshPullRequest(deps, scope, number)).head.sha
  const marked = call.marked(number, 'check', `${key}@${sha}`)
  const external_id = signature(deps.markerKey, marked)
  const { checks } = octokit.rest
  const content = () => ({
    ...where,
    name: publishedTitle(scope, input.name),
    external_id,
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
      const on = { ...where, ref: sha, filter: 'all' as const, per_page: 100 }
      for await (const { data } of octokit.paginate.iterator(checks.listForRef, on)) {
        const found = data.find((run) => isEqual(run.external_id ?? '', external_id))
        if (found) return found
      }
      return null
    },
    create: async () => (await needsApp(deps.github, checks.create({ ...content(), head_sha: sha }))).data,
    update: (check_run_id) =>
      unlessGone(
        call,
        () => needsApp(deps.github, checks.update({ ...content(), check_run_id })),
        // Check runs belong to an App, not to a login: a 403 stays one.
        async () => ({ data: { user: { login: await call.ownLogin() } } }),
      ),
  })
}

/** Clients whose credentials were refused a check run: they are not asked again, or every review would ask in vain. */
const refused = new WeakSet<GitHub>()

// https://docs.github.com/en/rest/checks/runs: write permission for check runs is only available to GitHub Apps.
function requireApp(github: GitHub): void {
  if (!refused.has(github)) return
  throw new GitHubError(
    'check runs need a GitHub App: set GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY instead of GITHUB_TOKEN, or take `check` out of the module’s `may`',
    { reason: 'github_forbidden', status: 403 },
  )
}

const needsApp = <T>(github: GitHub, write: Promise<T>): Promise<T> =>
  write.catch((error: unknown) => {
    if (github.credential === 'app' || !hasStatus(error, 403)) throw error
    refused.add(github)
    requireApp(github)
    throw error
  })
