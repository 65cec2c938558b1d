import type { AppState, InstallationState } from '../identity.ts'
import type { CheckRunState, HookDeliveryState, HookState, RepositoryState, World } from '../state.ts'
import { nodeId, simpleUser } from './account.ts'
import type { Links } from './account.ts'
import { repositoryUrl } from './repository.ts'

const CREATED = '2020-01-01T00:00:00Z'

/** A GitHub App; the schema is called `integration`. */
export function integration(links: Links, world: World, app: AppState): Record<string, unknown> {
  return {
    id: app.id,
    slug: app.slug,
    client_id: `Iv1.${app.slug}`,
    node_id: nodeId('Integration', app.id),
    owner: simpleUser(links, world.account(app.owner)),
    name: app.slug,
    description: null,
    external_url: `https://example.com/${app.slug}`,
    html_url: `${links.html}/apps/${app.slug}`,
    created_at: CREATED,
    updated_at: CREATED,
    permissions: app.permissions,
    events: [],
  }
}

/** An App on an account. */
export function installation(
  links: Links,
  world: World,
  app: AppState,
  state: InstallationState,
): Record<string, unknown> {
  const account = world.account(state.account)
  return {
    id: state.id,
    account: simpleUser(links, account),
    repository_selection: state.repositories === 'all' ? 'all' : 'selected',
    access_tokens_url: `${links.api}/app/installations/${state.id}/access_tokens`,
    repositories_url: `${links.api}/installation/repositories`,
    html_url: `${links.html}/settings/installations/${state.id}`,
    app_id: app.id,
    app_slug: app.slug,
    target_id: account.id,
    target_type: account.type,
    permissions: app.permissions,
    events: [],
    created_at: CREATED,
    updated_at: CREATED,
    single_file_name: null,
    suspended_by: null,
    suspended_at: null,
  }
}

/** A check run, by the App that wrote it. */
export function checkRun(
  links: Links,
  world: World,
  app: AppState,
  repository: RepositoryState,
  state: CheckRunState,
): Record<string, unknown> {
  const base = repositoryUrl(links, repository)
  const url = `${base}/check-runs/${state.id}`
  const pulls = [...repository.threads.values()].filter(({ pull }) => pull?.head.sha === state.headSha)
  const end = { id: repository.id, url: base, name: repository.name }
  return {
    id: state.id,
    name: state.name,
    node_id: nodeId('CheckRun', state.id),
    head_sha: state.headSha,
    external_id: state.externalId,
    url,
    html_url: `${links.html}/${repository.fullName}/runs/${state.id}`,
    details_url: state.detailsUrl,
    status: state.status,
    conclusion: state.conclusion,
    started_at: state.startedAt,
    completed_at: state.completedAt,
    output: {
      title: state.output.title,
      summary: state.output.summary,
      text: state.output.text,
      annotations_count: state.output.annotations,
      annotations_url: `${url}/annotations`,
    },
    check_suite: { id: state.id + 1 },
    app: integration(links, world, app),
    pull_requests: pulls.map(({ id, number, pull }) => ({
      id,
      number,
      url: `${base}/pulls/${number}`,
      head: { ref: pull?.head.ref, sha: pull?.head.sha, repo: end },
      base: { ref: pull?.base.ref, sha: pull?.base.sha, repo: end },
    })),
  }
}

/** A repository's webhook; its secret is told as stars. */
export function hook(links: Links, repository: RepositoryState, state: HookState): Record<string, unknown> {
  const url = `${repositoryUrl(links, repository)}/hooks/${state.id}`
  const last = state.deliveries.at(-1)
  return {
    type: 'Repository',
    id: state.id,
    name: 'web',
    active: state.active,
    events: state.events,
    config: {
      content_type: state.contentType,
      insecure_ssl: '0',
      url: state.url,
      ...(state.secret === null ? {} : { secret: '********' }),
    },
    updated_at: state.updatedAt,
    created_at: state.createdAt,
    url,
    test_url: `${url}/test`,
    ping_url: `${url}/pings`,
    deliveries_url: `${url}/deliveries`,
    last_response: last
      ? {
          code: last.statusCode,
          status: last.statusCode < 300 ? 'active' : 'failed',
          message: statusText(last),
        }
      : { code: null, status: 'unused', message: null },
  }
}

const statusText = ({ statusCode }: HookDeliveryState): string =>
  statusCode === 0
    ? 'failed to connect to host'
    : statusCode < 300
      ? 'OK'
      : `Invalid HTTP Response: ${statusCode}`

/** An entry of a hook's deliveries; `whole` adds what was sent and answered. */
export function hookDelivery(
  links: Links,
  repository: RepositoryState | null,
  state: HookDeliveryState,
  { whole, url }: { whole: boolean; url: string },
): Record<string, unknown> {
  return {
    id: state.id,
    guid: state.guid,
    delivered_at: state.deliveredAt,
    redelivery: state.redelivery,
    duration: state.duration,
    status: statusText(state),
    status_code: state.statusCode,
    event: state.event,
    action: state.action,
    installation_id: null,
    repository_id: repository?.id ?? null,
    throttled_at: null,
    ...(whole
      ? {
          url,
          request: { headers: state.requestHeaders, payload: state.payload },
          response: { headers: {}, payload: state.responseBody },
        }
      : {}),
  }
}
