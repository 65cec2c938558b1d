import { createHash } from 'node:crypto'
import type { DiffFile } from '../diff.ts'
import type { CommitState, LabelState, RepositoryState } from '../state.ts'
import { nodeId, simpleUser } from './account.ts'
import type { Links } from './account.ts'

/** `X_url` of a repository -> what follows its own URL. */
const URLS: Readonly<Record<string, string>> = {
  archive: '/{archive_format}{/ref}',
  assignees: '/assignees{/user}',
  blobs: '/git/blobs{/sha}',
  branches: '/branches{/branch}',
  collaborators: '/collaborators{/collaborator}',
  comments: '/comments{/number}',
  commits: '/commits{/sha}',
  compare: '/compare/{base}...{head}',
  contents: '/contents/{+path}',
  contributors: '/contributors',
  deployments: '/deployments',
  downloads: '/downloads',
  events: '/events',
  forks: '/forks',
  git_commits: '/git/commits{/sha}',
  git_refs: '/git/refs{/sha}',
  git_tags: '/git/tags{/sha}',
  hooks: '/hooks',
  issue_comment: '/issues/comments{/number}',
  issue_events: '/issues/events{/number}',
  issues: '/issues{/number}',
  keys: '/keys{/key_id}',
  labels: '/labels{/name}',
  languages: '/languages',
  merges: '/merges',
  milestones: '/milestones{/number}',
  notifications: '/notifications{?since,all,participating}',
  pulls: '/pulls{/number}',
  releases: '/releases{/id}',
  stargazers: '/stargazers',
  statuses: '/statuses/{sha}',
  subscribers: '/subscribers',
  subscription: '/subscription',
  tags: '/tags',
  teams: '/teams',
  trees: '/git/trees{/sha}',
}

/** The repository in the API. */
export const repositoryUrl = (links: Links, { fullName }: RepositoryState): string =>
  `${links.api}/repos/${fullName}`

/** The schema `repository`: what a pull request's ends carry. */
export function plainRepository(links: Links, repository: RepositoryState): Record<string, unknown> {
  const { id, owner, name, fullName, description, defaultBranch, createdAt } = repository
  const url = repositoryUrl(links, repository)
  const html = `${links.html}/${fullName}`
  const open = [...repository.threads.values()].filter(({ state }) => state === 'open').length
  return {
    id,
    node_id: nodeId('Repository', id),
    name,
    full_name: fullName,
    private: repository.private,
    owner: simpleUser(links, owner),
    html_url: html,
    description,
    fork: false,
    url,
    ...Object.fromEntries(Object.entries(URLS).map(([key, suffix]) => [`${key}_url`, `${url}${suffix}`])),
    created_at: createdAt,
    updated_at: createdAt,
    pushed_at: createdAt,
    git_url: `git://github.com/${fullName}.git`,
    ssh_url: `git@github.com:${fullName}.git`,
    clone_url: `${html}.git`,
    svn_url: html,
    mirror_url: null,
    homepage: null,
    size: 1,
    stargazers_count: 0,
    watchers_count: 0,
    language: null,
    has_issues: true,
    has_projects: true,
    has_downloads: true,
    has_wiki: true,
    has_pages: false,
    has_discussions: false,
    forks_count: 0,
    archived: false,
    disabled: false,
    open_issues_count: open,
    license: null,
    visibility: repository.private ? 'private' : 'public',
    forks: 0,
    open_issues: open,
    watchers: 0,
    default_branch: defaultBranch,
  }
}

/** The answer of `GET /repos/{owner}/{repo}`. */
export const fullRepository = (links: Links, repository: RepositoryState): Record<string, unknown> => ({
  ...plainRepository(links, repository),
  network_count: 0,
  subscribers_count: 0,
})

/** A label of the repository. */
export function label(links: Links, repository: RepositoryState, state: LabelState): Record<string, unknown> {
  const { id, name, color, description } = state
  const url = `${repositoryUrl(links, repository)}/labels/${encodeURIComponent(name)}`
  return { id, node_id: nodeId('Label', id), url, name, color, default: false, description }
}

/** A commit without its files. */
export function commit(
  links: Links,
  repository: RepositoryState,
  state: CommitState,
): Record<string, unknown> {
  const url = `${repositoryUrl(links, repository)}/commits/${state.sha}`
  const html = (sha: string) => `${links.html}/${repository.fullName}/commit/${sha}`
  const account = state.login ? simpleUser(links, state.login) : null
  const parent = state.parent
  return {
    sha: state.sha,
    node_id: nodeId('Commit', repository.id),
    commit: {
      author: state.author,
      committer: state.author,
      message: state.message,
      tree: {
        sha: sha1(`tree ${state.sha}`),
        url: `${repositoryUrl(links, repository)}/git/trees/${sha1(`tree ${state.sha}`)}`,
      },
      url: `${repositoryUrl(links, repository)}/git/commits/${state.sha}`,
      comment_count: 0,
      verification: {
        verified: false,
        reason: 'unsigned',
        signature: null,
        payload: null,
        verified_at: null,
      },
    },
    url,
    html_url: html(state.sha),
    comments_url: `${url}/comments`,
    author: account,
    committer: account,
    parents:
      parent === null ? [] : [{ sha: parent, url: url.replace(state.sha, parent), html_url: html(parent) }],
  }
}

/** A changed file of a diff, as of commit `sha`. */
export function diffEntry(
  links: Links,
  repository: RepositoryState,
  sha: string,
  file: DiffFile,
): Record<string, unknown> {
  const path = file.filename.split('/').map(encodeURIComponent).join('/')
  const html = `${links.html}/${repository.fullName}`
  return {
    sha: sha1(`${sha}:${file.filename}`),
    filename: file.filename,
    status: file.status,
    additions: file.additions,
    deletions: file.deletions,
    changes: file.additions + file.deletions,
    blob_url: `${html}/blob/${sha}/${path}`,
    raw_url: `${html}/raw/${sha}/${path}`,
    contents_url: `${repositoryUrl(links, repository)}/contents/${path}?ref=${sha}`,
    ...(file.patch === null ? {} : { patch: file.patch }),
    ...(file.previousFilename === null ? {} : { previous_filename: file.previousFilename }),
  }
}

/** A file's answer; `content` null: as an entry of its folder's listing, which carries no text. */
export function contentFile(
  links: Links,
  repository: RepositoryState,
  path: string,
  content: string | null,
  ref: string,
) {
  const size = Buffer.byteLength(content ?? repository.files.get(path) ?? '')
  const sha = sha1(`blob ${path} ${repository.files.get(path) ?? ''}`)
  return entry(links, repository, path, ref, 'file', sha, size, content)
}

/** A folder as an entry of its parent's listing. */
export const contentFolder = (links: Links, repository: RepositoryState, path: string, ref: string) =>
  entry(links, repository, path, ref, 'dir', sha1(`tree ${path}`), 0, null)

function entry(
  links: Links,
  repository: RepositoryState,
  path: string,
  ref: string,
  type: 'file' | 'dir',
  sha: string,
  size: number,
  content: string | null,
): Record<string, unknown> {
  const encoded = path.split('/').map(encodeURIComponent).join('/')
  const self = `${repositoryUrl(links, repository)}/contents/${encoded}?ref=${encodeURIComponent(ref)}`
  const git = `${repositoryUrl(links, repository)}/git/${type === 'dir' ? 'trees' : 'blobs'}/${sha}`
  const html = `${links.html}/${repository.fullName}/${type === 'dir' ? 'tree' : 'blob'}/${ref}/${encoded}`
  const raw = `https://raw.githubusercontent.com/${repository.fullName}/${ref}/${encoded}`
  return {
    name: path.split('/').at(-1),
    path,
    sha,
    size,
    url: self,
    html_url: html,
    git_url: git,
    download_url: type === 'dir' ? null : raw,
    type,
    // GitHub breaks base64 into lines of 60 characters.
    ...(content === null
      ? {}
      : {
          content: Buffer.from(content)
            .toString('base64')
            .replace(/.{60}|.+$/g, '$&\n'),
          encoding: 'base64',
        }),
    _links: { self, git, html },
  }
}

/** Hexadecimal. */
export const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex')
