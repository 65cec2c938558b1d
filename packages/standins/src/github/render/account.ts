import type { Account } from '../state.ts'

/** Where the answers' links point: `api` is the stand-in itself, `html` the site that nobody serves. */
export interface Links {
  readonly api: string
  readonly html: string
}

/** A node id in GitHub's old style: base64 of the type and the id. */
export const nodeId = (type: string, id: number): string =>
  Buffer.from(`0${type.length}:${type}${id}`).toString('base64')

/** The schema `simple-user`: an account as part of anything else. */
export function simpleUser({ api, html }: Links, account: Account): Record<string, unknown> {
  const { id, login, type } = account
  const url = `${api}/users/${encodeURIComponent(login)}`
  return {
    login,
    id,
    node_id: nodeId(type, id),
    avatar_url: `https://avatars.githubusercontent.com/u/${id}?v=4`,
    gravatar_id: '',
    url,
    html_url: type === 'Bot' ? `${html}/apps/${login.replace('[bot]', '')}` : `${html}/${login}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type,
    site_admin: false,
  }
}

const CREATED = '2011-01-25T18:44:36Z'

/** The answer of `GET /users/{username}`. */
export function publicUser(links: Links, account: Account): Record<string, unknown> {
  return {
    ...simpleUser(links, account),
    user_view_type: 'public',
    ...Object.fromEntries(
      ['name', 'company', 'location', 'email', 'hireable', 'bio'].map((key) => [key, null]),
    ),
    blog: '',
    ...Object.fromEntries(['public_repos', 'public_gists', 'followers', 'following'].map((key) => [key, 0])),
    created_at: CREATED,
    updated_at: CREATED,
  }
}

/** The answer of `GET /user`. */
export function privateUser(links: Links, account: Account): Record<string, unknown> {
  const counts = [
    'private_gists',
    'total_private_repos',
    'owned_private_repos',
    'disk_usage',
    'collaborators',
  ]
  return {
    ...publicUser(links, account),
    user_view_type: 'private',
    ...Object.fromEntries(counts.map((key) => [key, 0])),
    two_factor_authentication: true,
  }
}
