// Routes of a GitHub App, and the check runs that only an App may write.
import type { Reply } from '../../http.ts'
import { isObject } from '../../is-object.ts'
import { Refusal, notFound, validationFailed } from '../refusal.ts'
import type { AppState } from '../identity.ts'
import { checkRun, installation, integration } from '../render/app.ts'
import { plainRepository } from '../render/repository.ts'
import type { CheckRunState, RepositoryState } from '../state.ts'
import { json, page, repositoryOf, text } from './call.ts'
import type { Call, Routes } from './call.ts'

/** By operation id. */
export const appRoutes: Routes = {
  'apps/get-authenticated': (call) => {
    const count = appOf(call).installations.length
    return json(200, { ...integration(call.links, call.world, appOf(call)), installations_count: count })
  },
  'apps/list-installations': (call) =>
    page(call, appOf(call).installations, (state) =>
      installation(call.links, call.world, appOf(call), state),
    ),
  'apps/get-repo-installation': (call) => {
    const repository = repositoryOf(call)
    const found = appOf(call).installations.find((state) => call.identities.covers(state, repository))
    if (!found) throw notFound()
    return json(200, installation(call.links, call.world, appOf(call), found))
  },
  'apps/create-installation-access-token': createToken,
  'apps/list-repos-accessible-to-installation': listRepositories,
  'checks/create': createCheck,
  'checks/update': updateCheck,
  'checks/get': (call) => json(200, render(call, checkOf(call))),
  'checks/list-for-ref': listChecks,
}

function appOf({ identities }: Call): AppState {
  if (!identities.app) throw notFound()
  return identities.app
}

function createToken(call: Call): Reply {
  const strings = (value: unknown) => (Array.isArray(value) ? value.map(String) : undefined)
  const repositories = strings(call.body.repositories)
  const repositoryIds = strings(call.body.repository_ids)?.map(Number)
  const permissions = isObject(call.body.permissions)
    ? (call.body.permissions as Record<string, string>)
    : undefined
  const issued = call.identities.issue(Number(call.params.installation_id), {
    ...(repositories ? { repositories } : {}),
    ...(repositoryIds ? { repositoryIds } : {}),
    ...(permissions ? { permissions } : {}),
  })
  return json(201, {
    token: issued.token,
    expires_at: issued.expiresAt,
    permissions: issued.permissions,
    repository_selection: issued.repositories ? 'selected' : 'all',
    ...(issued.repositories
      ? { repositories: issued.repositories.map((repository) => plainRepository(call.links, repository)) }
      : {}),
  })
}

function listRepositories(call: Call): Reply {
  const { identity } = call
  if (identity.kind !== 'installation') throw new Refusal(403, 'Resource not accessible by integration')
  const reachable = [...call.world.repositories.values()]
    .filter((repository) => call.identities.covers(identity.installation, repository))
    .filter(
      ({ fullName }) => identity.repositories === 'all' || identity.repositories.has(fullName.toLowerCase()),
    )
  return page(
    call,
    reachable,
    (repository) => plainRepository(call.links, repository),
    (repositories) => ({ total_count: reachable.length, repositories }),
  )
}

/** Without an App in the options the runs of others are told as those of an App named `checks`. */
const writer = ({ identities }: Call): AppState =>
  identities.app ?? { id: 1, slug: 'checks', owner: 'octocat', permissions: {}, installations: [] }

const render = (call: Call, state: CheckRunState) =>
  checkRun(call.links, call.world, writer(call), repositoryOf(call), state)

function checkOf(call: Call): CheckRunState {
  const found = repositoryOf(call).checkRuns.get(Number(call.params.check_run_id))
  if (!found) throw notFound()
  return found
}

const isKnownSha = (repository: RepositoryState, sha: string): boolean =>
  [...repository.threads.values()].some(({ pull }) => pull?.commits.some((commit) => commit.sha === sha)) ||
  repository.commits.some((commit) => commit.sha === sha)

function createCheck(call: Call): Reply {
  const repository = repositoryOf(call)
  const headSha = text(call.body.head_sha) ?? ''
  if (!isKnownSha(repository, headSha)) throw new Refusal(422, `No commit found for SHA: ${headSha}`)
  const state: CheckRunState = {
    id: call.world.nextId(),
    headSha,
    name: text(call.body.name) ?? '',
    status: 'queued',
    conclusion: null,
    detailsUrl: null,
    externalId: null,
    startedAt: call.world.now(),
    completedAt: null,
    output: { title: null, summary: null, text: null, annotations: 0 },
  }
  change(call, state)
  repository.checkRuns.set(state.id, state)
  return json(201, render(call, state))
}

function updateCheck(call: Call): Reply {
  const state = checkOf(call)
  change(call, state)
  return json(200, render(call, state))
}

function change(call: Call, state: CheckRunState): void {
  const { body } = call
  const conclusion = text(body.conclusion)
  const status = text(body.status)
  if (status === 'completed' && conclusion === undefined && state.conclusion === null) {
    throw validationFailed({ resource: 'CheckRun', code: 'missing_field', field: 'conclusion' })
  }
  const output = isObject(body.output) ? body.output : null
  state.name = text(body.name) ?? state.name
  state.detailsUrl = text(body.details_url) ?? state.detailsUrl
  state.externalId = text(body.external_id) ?? state.externalId
  // A conclusion completes the run, whatever the status says.
  state.status = conclusion === undefined ? (status ?? state.status) : 'completed'
  state.conclusion = conclusion ?? (state.status === 'completed' ? state.conclusion : null)
  state.startedAt = text(body.started_at) ?? state.startedAt
  state.completedAt = text(body.completed_at) ?? (state.status === 'completed' ? call.world.now() : null)
  if (!output) return
  const added = Array.isArray(output.annotations) ? output.annotations.length : 0
  state.output = {
    title: text(output.title) ?? state.output.title,
    summary: text(output.summary) ?? state.output.summary,
    text: text(output.text) ?? state.output.text,
    annotations: state.output.annotations + added,
  }
}

function listChecks(call: Call): Reply {
  const repository = repositoryOf(call)
  const ref = (call.params.ref ?? '').replace(/^heads\//, '')
  const pulls = [...repository.threads.values()].flatMap(({ pull }) => (pull ? [pull] : []))
  const sha = pulls.find(({ head }) => head.ref === ref)?.head.sha ?? ref
  const [name, status] = [call.query.get('check_name'), call.query.get('status')]
  const found = [...repository.checkRuns.values()]
    .filter((state) => state.headSha === sha)
    .filter((state) => name === null || state.name === name)
    .filter((state) => status === null || state.status === status)
    .toReversed()
  return page(
    call,
    found,
    (state) => render(call, state),
    (runs) => ({ total_count: found.length, check_runs: runs }),
  )
}
