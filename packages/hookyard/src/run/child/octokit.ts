// `ctx.github`'s class: routes, types and pagination; throttling, retries and authentication are the service's.
import { Octokit as Core } from '@octokit/core'
import { paginateGraphQL } from '@octokit/plugin-paginate-graphql'
import { paginateRest } from '@octokit/plugin-paginate-rest'
import { restEndpointMethods } from '@octokit/plugin-rest-endpoint-methods'

export const Octokit = Core.plugin(restEndpointMethods, paginateRest, paginateGraphQL)
