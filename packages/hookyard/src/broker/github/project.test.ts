// An issue goes into a project that there is, and only the run's own issue.
import { expect, test } from 'vitest'
import { REPO, openScene } from '../../../testing/broker/github/broker-scene.ts'

const may = ['project'] as const

test('the issue is added to the owner’s project of that title, whatever its case, once', async () => {
  const { broker, issueScope, standin } = await openScene()
  const board = standin.createProject('octo', 'Road Map')
  const receipt = { added: true, title: 'Road Map', url: 'https://github.com/users/octo/projects/1' }
  expect(await broker.write(issueScope({ may }), 'project', ['road map'])).toEqual(receipt)
  expect(await broker.write(issueScope({ may, runId: 'run-2' }), 'project', ['Road Map'])).toEqual(receipt)
  expect(standin.projectItems(board)).toEqual([standin.nodeIdOf(REPO, 7)])
  expect(standin.violations).toEqual([])
})

test('a project that is not there is no error', async () => {
  const { broker, issueScope, standin } = await openScene()
  standin.createProject('somebody-else', 'Road Map')
  expect(await broker.write(issueScope({ may }), 'project', ['Road Map'])).toEqual({
    ...{ added: false, title: null, url: null },
  })
})

test('without the grant, or about a pull request, it is refused', async () => {
  const { broker, issueScope, scope, standin } = await openScene()
  const board = standin.createProject('octo', 'Road Map')
  const refused = (scoped: ReturnType<typeof scope>, reason: string) =>
    expect(broker.write(scoped, 'project', ['Road Map'])).rejects.toMatchObject({ reason })
  await refused(issueScope({ may: ['comment'] }), 'missing_grant')
  await refused(scope({ may }), 'wrong_subject')
  expect(standin.projectItems(board)).toEqual([])
})

test('an App without the permission for projects is told so', async () => {
  const { broker, issueScope, standin } = await openScene({ app: true })
  standin.createProject('octo', 'Road Map')
  await expect(broker.write(issueScope({ may }), 'project', ['Road Map'])).rejects.toMatchObject({
    reason: 'github_forbidden',
    message: expect.stringContaining('give the credentials the permission') as string,
  })
})

test('the limit of GraphQL is waited out, not taken for a refusal', async () => {
  const { broker, issueScope, standin } = await openScene()
  standin.createProject('octo', 'Road Map')
  standin.failNext({ method: 'POST', path: '/graphql', status: 403, headers: { 'retry-after': '1' } })
  expect(await broker.write(issueScope({ may }), 'project', ['Road Map'])).toMatchObject({ added: true })
})
