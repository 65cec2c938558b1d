// The part of GitHub's graph that is served: who asks, repositories with their issues and pull requests, projects and
// adding an item to one; review-threads.ts has what is said on lines.
import { isObject } from '../../is-object.ts'
import { nodeId } from '../render/account.ts'
import { htmlUrl } from '../render/thread.ts'
import type { ProjectState, RepositoryState, ThreadState } from '../state.ts'
import { GraphqlRefusal } from './execute.ts'
import type { Arguments, GraphNode } from './execute.ts'
import { findReviewThread, resolveReviewThread, reviewThreads } from './review-threads.ts'
import type { GraphScope } from './scope.ts'
import { actorNode, closedIssues, connection, issueComments } from './conversation.ts'

/** The root of queries and of mutations. */
export const graphRoot = (scope: GraphScope): GraphNode => ({ ...mutationRoot(scope), ...queryRoot(scope) })

function queryRoot(scope: GraphScope): GraphNode {
  const { world, identity } = scope
  const owner = (kind: string) => (args: Arguments) => {
    const login = String(args.login)
    const account = world.accounts.get(login.toLowerCase())
    if (!account)
      throw new GraphqlRefusal('NOT_FOUND', `Could not resolve to a ${kind} with the login of '${login}'.`)
    return ownerNode(scope, account.login, kind)
  }
  return {
    __typename: 'Query',
    viewer: identity.kind === 'app' ? null : ownerNode(scope, identity.account.login, 'User'),
    repository: (args: Arguments) => {
      const name = `${String(args.owner)}/${String(args.name)}`
      const repository = world.repository(name)
      if (repository && scope.sees(repository)) return repositoryNode(scope, repository)
      throw new GraphqlRefusal('NOT_FOUND', `Could not resolve to a Repository with the name '${name}'.`)
    },
    user: owner('User'),
    organization: owner('Organization'),
    node: ({ id }: Arguments) => {
      const project = world.projects.find((known) => known.nodeId === id)
      const found = project
        ? projectNode(project)
        : (contentNode(scope, String(id)) ?? findReviewThread(scope, String(id)))
      if (!found)
        throw new GraphqlRefusal(
          'NOT_FOUND',
          `Could not resolve to a node with the global id of '${String(id)}'.`,
        )
      return found
    },
  }
}

function ownerNode(scope: GraphScope, login: string, typename: string): GraphNode {
  const { id } = scope.world.account(login)
  return {
    __typename: typename,
    id: nodeId(typename, id),
    databaseId: id,
    login,
    url: `${scope.links.html}/${login}`,
    projectsV2: (args: Arguments) => projects(scope, login, args),
  }
}

function repositoryNode(scope: GraphScope, repository: RepositoryState): GraphNode {
  const thread = (kinds: readonly string[]) => (args: Arguments) => {
    const found = repository.threads.get(Number(args.number))
    if (found && kinds.includes(found.pull ? 'PullRequest' : 'Issue'))
      return threadNode(scope, repository, found)
    const what = kinds.length > 1 ? 'an issue or pull request' : `a ${kinds[0] ?? ''}`
    throw new GraphqlRefusal(
      'NOT_FOUND',
      `Could not resolve to ${what} with the number of ${String(args.number)}.`,
    )
  }
  return {
    __typename: 'Repository',
    id: nodeId('Repository', repository.id),
    databaseId: repository.id,
    name: repository.name,
    nameWithOwner: repository.fullName,
    isPrivate: repository.private,
    owner: ownerNode(
      scope,
      repository.owner.login,
      repository.owner.type === 'Organization' ? 'Organization' : 'User',
    ),
    projectsV2: (args: Arguments) => projects(scope, repository.owner.login, args),
    issue: thread(['Issue']),
    pullRequest: thread(['PullRequest']),
    issueOrPullRequest: thread(['Issue', 'PullRequest']),
  }
}

/** The conversation around an issue or pull request; a pull request has threads on lines and the issues it closes. */
function conversationFields(
  scope: GraphScope,
  repository: RepositoryState,
  thread: ThreadState,
): Readonly<Record<string, unknown>> {
  const closes = (args: Arguments) =>
    connection(
      'IssueConnection',
      closedIssues(repository, thread).map((issue) => threadNode(scope, repository, issue)),
      args,
    )
  return {
    author: actorNode(thread.user),
    repository: { __typename: 'Repository', nameWithOwner: repository.fullName },
    comments: (args: Arguments) => issueComments(repository, thread, args),
    ...(thread.pull === null
      ? {}
      : {
          reviewThreads: (args: Arguments) => reviewThreads(scope, repository, thread, args),
          closingIssuesReferences: closes,
        }),
  }
}

function threadNode(scope: GraphScope, repository: RepositoryState, thread: ThreadState): GraphNode {
  return {
    ...conversationFields(scope, repository, thread),
    __typename: thread.pull ? 'PullRequest' : 'Issue',
    id: nodeId(thread.pull ? 'PullRequest' : 'Issue', thread.id),
    databaseId: thread.id,
    number: thread.number,
    title: thread.title,
    body: thread.body ?? '',
    state: thread.pull?.merged ? 'MERGED' : thread.state.toUpperCase(),
    url: htmlUrl(scope.links, repository, thread),
  }
}

/** The issue or pull request of a node id; null when there is none that may be seen. */
function contentNode(scope: GraphScope, id: string): GraphNode | null {
  for (const repository of scope.world.repositories.values()) {
    if (!scope.sees(repository)) continue
    for (const thread of repository.threads.values()) {
      const node = threadNode(scope, repository, thread)
      if (node.id === id) return node
    }
  }
  return null
}

function projects({ world }: GraphScope, owner: string, { first, last }: Arguments): GraphNode {
  if (first === undefined && last === undefined) {
    throw new GraphqlRefusal(
      'MISSING_PAGINATION_BOUNDARIES',
      'You must provide a `first` or `last` value to properly paginate the `projectsV2` connection.',
    )
  }
  const all = world.projects.filter((project) => project.owner.toLowerCase() === owner.toLowerCase())
  const shown = all.slice(0, Number(first ?? last))
  return {
    __typename: 'ProjectV2Connection',
    totalCount: all.length,
    nodes: shown.map(projectNode),
    pageInfo: {
      __typename: 'PageInfo',
      hasNextPage: shown.length < all.length,
      endCursor: String(shown.length),
    },
  }
}

function projectNode({ nodeId: id, title, number, owner, closed }: ProjectState): GraphNode {
  return {
    __typename: 'ProjectV2',
    id,
    title,
    number,
    closed,
    url: `https://github.com/users/${owner}/projects/${number}`,
  }
}

function mutationRoot(scope: GraphScope): GraphNode {
  const { world, identity } = scope
  return {
    __typename: 'Mutation',
    resolveReviewThread: ({ input }: Arguments) => resolveReviewThread(scope, input),
    addProjectV2ItemById: ({ input }: Arguments) => {
      const { projectId, contentId } = isObject(input) ? input : {}
      const level = identity.kind === 'installation' ? identity.permissions.organization_projects : 'write'
      if (level !== 'write' && level !== 'admin') {
        throw new GraphqlRefusal('FORBIDDEN', 'Resource not accessible by integration')
      }
      const missing = (id: unknown) =>
        new GraphqlRefusal('NOT_FOUND', `Could not resolve to a node with the global id of '${String(id)}'`)
      const project = world.projects.find((known) => known.nodeId === projectId)
      if (!project) throw missing(projectId)
      const content = contentNode(scope, String(contentId))
      if (!content) throw missing(contentId)
      // Adding what is there already answers with the item that it has.
      const known = project.items.find((item) => item.contentId === contentId)
      const item = known ?? { id: nodeId('ProjectV2Item', world.nextId()), contentId: String(contentId) }
      if (!known) project.items.push(item)
      return {
        __typename: 'AddProjectV2ItemByIdPayload',
        clientMutationId: null,
        item: { __typename: 'ProjectV2Item', id: item.id, content, project: projectNode(project) },
      }
    },
  }
}
