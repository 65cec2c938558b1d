// Who hears of a repository, and where modules may act: two questions, contract section 2.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { config, user } from '../../../../test/builders.ts'
import { createAccess } from './access.ts'

const users = [
  user('root', { role: 'admin', repos: [] }),
  user('alice', { repos: ['octocat/hello-world'] }),
  user('bob', { repos: ['octocat/*'] }),
  user('carol', { repos: [] }),
]
const access = (repos: string[] = []) => createAccess(config({ users, repos }))
const names = (repository: string | null, of = access()) => of.audience(repository).map(({ name }) => name)

test('subscribers by name and by owner hear, and admins without repositories, in the order of the file', () => {
  expect(names('octocat/hello-world')).toEqual(['root', 'alice', 'bob'])
  expect(names('octocat/other')).toEqual(['root', 'bob'])
  expect(names('someone/else')).toEqual(['root'])
  expect(names('OCTOCAT/Hello-World')).toEqual(['root', 'alice', 'bob'])
})

test('when nobody subscribes the first admin hears; a member without repositories never does', () => {
  const of = createAccess(
    config({
      users: [
        user('alice', { repos: ['a/b'] }),
        user('root', { role: 'admin', repos: ['c/d'] }),
        user('carol', { repos: [] }),
      ],
    }),
  )
  expect(names('octocat/hello-world', of)).toEqual(['root'])
  expect(names(null, of)).toEqual(['root'])
})

test("a flag acts only where the user's own repositories or the top-level ones match", () => {
  const of = access(['open/*'])
  const [root, alice, , carol] = users as [
    (typeof users)[0],
    (typeof users)[0],
    (typeof users)[0],
    (typeof users)[0],
  ]
  expect(of.mayAct(alice, 'octocat/hello-world')).toBe(true)
  expect(of.mayAct(alice, 'octocat/other')).toBe(false)
  expect(of.mayAct(root, 'octocat/hello-world')).toBe(false)
  expect(of.mayAct(carol, 'open/source')).toBe(true)
})

test('a call by an admin reaches whatever some user names, a call by a member only their own', () => {
  const [root, alice] = users as [(typeof users)[0], (typeof users)[0]]
  expect(access().mayCall(root, 'octocat/hello-world')).toBe(true)
  expect(access().mayCall(root, 'someone/else')).toBe(false)
  expect(access().mayCall(alice, 'octocat/other')).toBe(false)
})

test('what the configuration names and reaches is the union of all its `repos`, whoever asks', () => {
  expect(access(['Open/Source', 'octocat/hello-world', 'c/*']).named()).toEqual([
    'octocat/hello-world',
    'open/source',
  ])
  expect(access(['c/*']).reaches('c/anything')).toBe(true)
  expect(access().reaches('octocat/hello-world')).toBe(true)
  expect(access().reaches('Octocat/Hello-World')).toBe(true)
  expect(access().reaches('someone/else')).toBe(false)
})

test('people are found by their GitHub login, in any case', () => {
  const of = createAccess(
    config({
      users: [
        user('root', { role: 'admin' }),
        user('hub', { github: 'Hubot' }),
        user('hub2', { github: 'hubot' }),
      ],
    }),
  )
  expect(of.people('HUBOT').map(({ name }) => name)).toEqual(['hub', 'hub2'])
  expect(of.people('octocat')).toEqual([])
})

test('an owner is not a prefix of another owner', () => {
  expect(names('octocat2/hello-world')).toEqual(['root'])
  expect(names('octocat')).toEqual(['root'])
})

test('the audience is never empty and never double, whatever the repository is called', () => {
  fc.assert(
    fc.property(fc.string(), (repository) => {
      const heard = names(repository)
      expect(heard.length).toBeGreaterThan(0)
      expect(new Set(heard).size).toBe(heard.length)
    }),
  )
})
