// What is asked before a delivery is decided, of whom, and what becomes of it when nobody answers.
import { expect, test } from 'vitest'
import { config, delivery, module, pullRequest, user } from '../../test/builders.ts'
import { createAccess } from '../access/access.ts'
import { silentLog } from '../lib/log.ts'
import { type FactSources, createAskFacts } from './ask-facts.ts'

const reviewer = module('reviewer')
const comment = (body: string) =>
  delivery('issue_comment', {
    action: 'created',
    sender: { login: 'mallory' },
    repository: { full_name: 'octocat/Hello-World' },
    issue: { number: 1, pull_request: {} },
    comment: { id: 7, body, user: { login: 'mallory' } },
  })

function scene(answers: Partial<FactSources> = {}, credentials = true) {
  const asked: string[] = []
  const sources: FactSources = {
    isOwn: async (repository, { kind, id }) => (asked.push(`own ${repository} ${kind} ${id}`), false),
    mayWrite: async (repository, login) => (asked.push(`write ${repository} ${login}`), true),
    decline: async ({ number, commentId, login, command }) =>
      void asked.push(`decline #${number} ${commentId} ${login} ${command}`),
    ...answers,
  }
  const registry = {
    bindingsFor: () => [],
    cancelledBy: () => [],
    commandsFor: (name: string) => (name === 'review' ? [reviewer] : []),
  }
  const access = createAccess(config({ users: [user('alice', { role: 'admin' })] }))
  const ask = createAskFacts({
    sources: () => (credentials ? sources : null),
    world: () => ({ registry, access }),
    log: silentLog,
  })
  return { ask, asked }
}

test('what nobody wrote needs no question', () => {
  const { ask, asked } = scene()
  expect(ask(delivery('pull_request', pullRequest('opened')))).toBeNull()
  expect(asked).toEqual([])
})

test('of a comment it is asked whose it is, and nothing more when it commands nothing', async () => {
  const { ask, asked } = scene()
  expect(await ask(comment('hello'))).toEqual({ own: false, author: 'unknown' })
  expect(asked).toEqual(['own octocat/hello-world comment 7'])
})

test('of a command it is asked whether its author may', async () => {
  const { ask, asked } = scene()
  expect(await ask(comment('/review'))).toEqual({ own: false, author: 'allowed' })
  expect(asked.at(-1)).toBe('write octocat/hello-world mallory')
})

test('our own words are asked about no further', async () => {
  const { ask, asked } = scene({ isOwn: () => Promise.resolve(true) })
  expect(await ask(comment('/review'))).toEqual({ own: true, author: 'unknown' })
  expect(asked).toEqual([])
})

test('a refused command is explained; that it cannot be explained changes nothing', async () => {
  const { ask, asked } = scene({ mayWrite: () => Promise.resolve(false) })
  expect(await ask(comment('/review'))).toEqual({ own: false, author: 'refused' })
  expect(asked.at(-1)).toBe('decline #1 7 mallory review')
  const locked = scene({
    mayWrite: () => Promise.resolve(false),
    decline: () => Promise.reject(new Error('locked')),
  })
  expect(await locked.ask(comment('/review'))).toEqual({ own: false, author: 'refused' })
})

test('when GitHub does not say who may write, nobody may, and nobody is told off', async () => {
  const { ask, asked } = scene({ mayWrite: () => Promise.reject(new Error('down')) })
  expect(await ask(comment('/review'))).toEqual({ own: false, author: 'unknown' })
  expect(asked.some((what) => what.startsWith('decline'))).toBe(false)
})

test('when the receipts cannot be read, the delivery has to wait', async () => {
  const { ask } = scene({ isOwn: () => Promise.reject(new Error('disk full')) })
  await expect(ask(comment('hello'))).rejects.toThrow('disk full')
})

test('an installation without GitHub credentials writes nothing, and so asks nothing', () => {
  expect(scene({}, false).ask(comment('/review'))).toBeNull()
})
