// The part of GitHub's GraphQL schema that is served, in its own language. What a resolver may refuse can be null. Ids are
// BigInt: the stand-in's begin at 3,000,000,000, above GraphQL's Int.
import { buildSchema } from 'graphql'

const PAGE = 'first: Int, last: Int, after: String'
const CONVERSATION = `
  id: ID!
  databaseId: BigInt
  number: Int!
  title: String!
  body: String!
  state: String!
  url: String!
  author: Actor
  repository: Repository!
  comments(${PAGE}): IssueCommentConnection`
const OWNER = `
  id: ID!
  databaseId: BigInt
  login: String!
  url: String!
  projectsV2(${PAGE}): ProjectV2Connection`
/** A connection of these nodes. */
const connection = (node: string) =>
  `type ${node}Connection { totalCount: Int!, nodes: [${node}], pageInfo: PageInfo! }`

export const schema = buildSchema(`
  type Query {
    viewer: User
    repository(owner: String!, name: String!): Repository
    user(login: String!): User
    organization(login: String!): Organization
    node(id: ID!): Node
  }
  type Mutation {
    resolveReviewThread(input: ResolveReviewThreadInput!): ResolveReviewThreadPayload
    addProjectV2ItemById(input: AddProjectV2ItemByIdInput!): AddProjectV2ItemByIdPayload
  }
  scalar BigInt

  input ResolveReviewThreadInput { threadId: ID!, clientMutationId: String }
  input AddProjectV2ItemByIdInput { projectId: ID!, contentId: ID!, clientMutationId: String }
  type ResolveReviewThreadPayload { clientMutationId: String, thread: PullRequestReviewThread }
  type AddProjectV2ItemByIdPayload { clientMutationId: String, item: ProjectV2Item }

  interface Node { id: ID! }
  interface Actor { login: String! }
  interface RepositoryOwner { id: ID!, login: String!, url: String! }
  type User implements Node & Actor & RepositoryOwner { ${OWNER} }
  type Organization implements Node & Actor & RepositoryOwner { ${OWNER} }
  type Bot implements Node & Actor { id: ID!, login: String! }

  type Repository implements Node {
    id: ID!
    databaseId: BigInt
    name: String!
    nameWithOwner: String!
    isPrivate: Boolean!
    owner: RepositoryOwner!
    projectsV2(${PAGE}): ProjectV2Connection
    issue(number: Int!): Issue
    pullRequest(number: Int!): PullRequest
    issueOrPullRequest(number: Int!): IssueOrPullRequest
  }
  union IssueOrPullRequest = Issue | PullRequest
  type Issue implements Node { ${CONVERSATION} }
  type PullRequest implements Node { ${CONVERSATION}
    reviewThreads(${PAGE}): PullRequestReviewThreadConnection
    closingIssuesReferences(${PAGE}): IssueConnection
  }
  type IssueComment { databaseId: BigInt, author: Actor, body: String!, createdAt: String! }

  type PullRequestReviewThread implements Node {
    id: ID!
    path: String!
    line: Int
    originalLine: Int
    isOutdated: Boolean!
    isResolved: Boolean!
    resolvedBy: User
    pullRequest: PullRequest!
    comments(${PAGE}): PullRequestReviewCommentConnection
  }
  type PullRequestReviewComment {
    databaseId: BigInt
    author: Actor
    authorAssociation: String!
    body: String!
    createdAt: String!
    url: String!
    reactions(content: ReactionContent, ${PAGE}): ReactionConnection
  }
  enum ReactionContent { THUMBS_UP THUMBS_DOWN LAUGH HOORAY CONFUSED HEART ROCKET EYES }
  type Reaction { user: User }

  type ProjectV2 implements Node { id: ID!, title: String!, number: Int!, closed: Boolean!, url: String! }
  type ProjectV2Item { id: ID!, content: IssueOrPullRequest, project: ProjectV2! }

  type PageInfo { hasNextPage: Boolean!, endCursor: String }
  ${['ProjectV2', 'Issue', 'IssueComment', 'PullRequestReviewThread', 'PullRequestReviewComment', 'Reaction'].map(connection).join('\n  ')}
`)
