import { z } from 'zod'
import type { ProjectReceipt } from '@hookyard/sdk/host'
import type { Call } from './call.ts'
import { fingerprintOf } from './effects.ts'
import { type Nodes, askGraphql } from './graphql.ts'

const PROJECTS = `query ($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) {
    issue(number: $number) { id }
    projectsV2(first: 100) { nodes { id number title closed url } }
    owner {
      ... on User { projectsV2(first: 100) { nodes { id number title closed url } } }
      ... on Organization { projectsV2(first: 100) { nodes { id number title closed url } } }
    }
  }
}`

const ADD = `mutation ($project: ID!, $content: ID!) {
  addProjectV2ItemById(input: { projectId: $project, contentId: $content }) { item { id } }
}`

type Projects = Nodes<{
  readonly id: string
  readonly number: number
  readonly title: string
  readonly closed: boolean
  readonly url: string
} | null>

interface Answer {
  readonly repository: {
    readonly issue: { readonly id: string } | null
    readonly projectsV2: Projects
    readonly owner: { readonly projectsV2?: Projects }
  }
}

const titleShape = z.string().min(1).max(256)

/** `project(title)`: the run's own issue into an open project of the repository or its owner; harmless to repeat. */
export async function addToProject(call: Call): Promise<ProjectReceipt> {
  const { deps, scope, where } = call
  const number = call.number(['issue'], 'project')
  const wanted = call.arg(0, 'title', titleShape).trim()
  const key = call.marked(number, 'project', wanted.toLowerCase())
  return deps.serial(`project ${key.entity}`, async () => {
    const on = { owner: where.owner, name: where.repo, number }
    const found: Answer = await askGraphql(deps.github, scope, 'the projects', PROJECTS, on)
    const { issue, projectsV2, owner: holder } = found.repository
    const all = [...projectsV2.nodes, ...(holder.projectsV2?.nodes ?? [])]
    const project = all.find((known) => known && !known.closed && isSame(known.title, wanted))
    if (!project || !issue) return { added: false, title: null, url: null }
    await deps.effects.intend(key, scope.runId, fingerprintOf(project.id), deps.clock())
    const what = `to add the issue to the project ${JSON.stringify(project.title)}`
    await askGraphql(deps.github, scope, what, ADD, { project: project.id, content: issue.id })
    await deps.effects.record(key, { id: project.number, url: project.url }, deps.clock())
    return { added: true, title: project.title, url: project.url }
  })
}

const isSame = (a: string, b: string): boolean => a.trim().toLowerCase() === b.toLowerCase()
