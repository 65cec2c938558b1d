// Triage over the stand-in for GitHub, as a person's token and as an App: one comment that is kept up to date.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Arena, openArena, REPO } from '../../test/attacks/arena.ts'

let says: Record<string, unknown> = {}
const agent = () => ({ summary: 'It crashes.', ...says })
const config = { 'issue-triage': { allowed_projects: ['Road Map'] } }
const permissions = {
  metadata: 'read',
  contents: 'read',
  issues: 'write',
  organization_projects: 'write',
} as const

describe.each([
  ['a personal token', {}],
  ['an App', { app: permissions }],
])('as %s', (_who, options) => {
  let arena: Arena
  let board: string
  beforeAll(async () => {
    arena = await openArena({ ...options, agent, config })
    board = arena.github.createProject('octo', 'Road Map')
    for (const label of ['bug', 'question']) arena.github.createLabel(REPO, label)
  })
  afterAll(() => arena.close())

  test('labels, project and comment; again, the comment is updated and nothing doubled', async () => {
    const { github } = arena
    const number = github.createIssue(REPO, { title: 'It crashes', body: 'Always', user: 'bob' })
    says = { labels: ['Bug', 'made-up'], project: 'road map', priority: 'high' }
    const first = await arena.run('issue-triage', number)
    expect(first.status).toBe('done')
    expect(github.labels(REPO, number)).toEqual(['bug'])
    expect(github.labels(REPO)).not.toContain('made-up')
    expect(github.projectItems(board)).toEqual([github.nodeIdOf(REPO, number)])
    const [comment] = github.comments(REPO, number)
    expect(comment?.body).toContain('**Added to project:** Road Map')
    says = {
      labels: ['question'],
      project: 'Road Map',
      status: 'needs_info',
      missing_info: ['Which version?'],
    }
    await arena.run('issue-triage', number, { type: 'command', by: 'maria', data: { args: '' } })
    expect(github.comments(REPO, number).map(({ id }) => id)).toEqual([comment?.id])
    expect(github.comments(REPO, number)[0]?.body).toMatch(
      /Labels applied:\*\* bug, question[\s\S]*Which version\?/,
    )
    expect(github.projectItems(board)).toHaveLength(1)
    expect(github.violations).toEqual([])
  })

  test('related issues are found by the title, the issue itself left out', async () => {
    const { github } = arena
    const older = github.createIssue(REPO, { title: 'Login fails with umlauts', user: 'carol' })
    github.createIssue('octo/elsewhere', { title: 'Login fails with umlauts' })
    const number = github.createIssue(REPO, { title: 'Login fails with umlauts', user: 'bob' })
    says = { duplicate_of: older }
    const { details, messages } = await arena.run('issue-triage', number)
    expect(details['related_found']).toEqual([older])
    expect(messages[0]).toContain(`Possible duplicate of #${older}`)
    expect(github.comments(REPO, number)[0]?.body).toContain(`**Possible duplicate of:** #${older}`)
  })

  test('a locked issue takes no comment: the message says why, and the labels are there', async () => {
    const { github } = arena
    const number = github.createIssue(REPO, { title: 'Heated', user: 'bob', locked: true })
    says = { labels: ['question'] }
    const { status, messages } = await arena.run('issue-triage', number)
    expect([status, github.labels(REPO, number)]).toEqual(['done', ['question']])
    expect(messages[0]).toMatch(/GitHub refused: comment \(github_forbidden\): .*locked/)
  })
})

test('an App without the permission for projects still labels and comments', async () => {
  const { organization_projects: _, ...fewer } = permissions
  const arena = await openArena({ app: fewer, agent, config })
  try {
    arena.github.createProject('octo', 'Road Map')
    const number = arena.github.createIssue(REPO, { title: 'It crashes', user: 'bob' })
    says = { project: 'Road Map' }
    const { status, messages } = await arena.run('issue-triage', number)
    expect(status).toBe('done')
    expect(messages[0]).toMatch(/Skipped project: Road Map\nGitHub refused: project \(github_forbidden\)/)
    expect(arena.github.comments(REPO, number)).toHaveLength(1)
  } finally {
    await arena.close()
  }
})
