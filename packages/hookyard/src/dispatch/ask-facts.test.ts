// What is asked before a delivery is decided, of whom, and what becomes of it when nobody answers.
import { expect, test } from 'vitest'
import { binding, config, delivery, module, pullRequest, user } from '../../../../test/builders.ts'
import { createAccess } from '../access/access.ts'
import type { Reading } from '../access/reading.ts'
import { silentLog } from '../lib/log.ts'
import type { Module } from '../registry/manifest.ts'
import { type FactSources, createAskFacts } from './ask-facts.ts'

const reviewer = module('reviewer')
const filters = { draft: null, ignoreBots: true, branches: [], labels: [], authors: [], paths: [] }
const comment = (body: string) =>
  delivery('issue_comment', {
    action: 'created',
    sender: { login: 'mallory' },
    repository: { full_name: 'octocat/Hello-World' },
    issue: { number: 1, pull_request: {} },
    comment: { id: 7, body, user: { login: 'mallory' } },
  })

interface SceneOptions {
  readonly bound?: readonly Module[]
  readonly features?: Record<string, boolean>
  /** What bob, a member without repositories, added by chat. */
  readonly added?: readonly string[]
  readonly reading?: Reading
}

function scene(
  answers: Partial<FactSources> = {},
  credentials = true,
  { bound = [], features = {}, added = [], reading = 'readable' }: SceneOptions = {},
) {
  const asked: string[] = []
  const sources: FactSources = {
    isOwn: async (repository, { kind, id }) => (asked.push(`own ${repository} ${kind} ${id}`), false),
    mayWrite: async (repository, login) => (asked.push(`write ${repository} ${login}`), true),
    changedPaths: async (repository, number) => (asked.push(`files ${repository}#${number}`), ['src/a.ts']),
    decline: async ({ number, commentId, login, command }) =>
      void asked.push(`decline #${number} ${commentId} ${login} ${command}`),
    ...answers,
  }
  const registry = {
    bindingsFor: (event: string) => bound.map((one) => binding(one, event)),
    cancelledBy: () => [],
    commandsFor: (name: string) => (name === 'review' ? [reviewer] : []),
    replacing: () => [],
  }
  const users = [
    user('alice', { role: 'admin', features }),
    user('bob', { repos: [], github: 'bob', features }),
  ]
  const settings = added.map((key) => ({
    user: 'bob',
    kind: 'repo' as const,
    key,
    value: 'added',
    changedAt: 0,
  }))
  const access = createAccess(config({ users }), { settings, featureFlags: [] })
  const ask = createAskFacts({
    sources: () => (credentials ? sources : null),
    inForce: () => ({ registry, access }),
    askReading: (user, repository) => (
      asked.push(`read ${repository} ${user.name}`),
      Promise.resolve(reading)
    ),
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

const wanting = (name: string, paths: string[], more: Partial<Module['manifest']> = {}) =>
  module(name, { when: { ...filters, paths }, ...more })
const opened = () => delivery('pull_request', pullRequest('opened'))

test('of a pull request it is asked which files it changes, once for all modules that want only some', async () => {
  const bound = [
    module('any'),
    wanting('code', ['SRC/**']),
    wanting('docs', ['docs/**']),
    wanting('moved', ['x'], { subject: 'none' }),
  ]
  const { ask, asked } = scene({}, true, { bound })
  expect(await ask(opened())).toEqual({ own: false, author: 'unknown', outside: ['docs', 'moved'] })
  expect(asked).toEqual(['files octocat/hello-world#1'])
})

test.each<[string, Module]>([
  ['wants no files', module('any')],
  ['is filtered anyway', wanting('drafts', ['docs/**'], { when: { ...filters, draft: true, paths: ['d'] } })],
  ['is switched off', { ...wanting('off', ['docs/**']), enabled: false }],
  ['nobody has the flag of', wanting('flagged', ['docs/**'], { featureFlag: 'nobody_has_it' })],
])('a module that %s is no reason to ask for files', (_why, bound) => {
  const { ask, asked } = scene({}, true, { bound: [bound] })
  expect(ask(opened())).toBeNull()
  expect(asked).toEqual([])
})

test('a push and an issue have no files to ask for', () => {
  const { ask } = scene({}, true, { bound: [wanting('code', ['src/**'], { subject: 'none' })] })
  const repository = { full_name: 'octocat/Hello-World' }
  expect(ask(delivery('push', { repository, ref: 'refs/heads/main', commits: [] }))).toBeNull()
  expect(ask(delivery('issues', { repository, action: 'opened', issue: { number: 1 } }))).toBeNull()
})

test('a comment under a pull request has its files too', async () => {
  const { ask } = scene({}, true, { bound: [wanting('docs', ['docs/**'])] })
  expect(await ask(comment('hello'))).toEqual({ own: false, author: 'unknown', outside: ['docs'] })
})

test('when GitHub does not tell the files, the decision has to do without', async () => {
  const silent = { changedPaths: () => Promise.reject(new Error('down')) }
  const { ask } = scene(silent, true, { bound: [wanting('docs', ['docs/**'])] })
  expect(await ask(opened())).toEqual({ own: false, author: 'unknown' })
})

test.each<Reading>(['readable', 'not_readable', 'readable_unknown'])(
  'whether those may read who added the repository by chat is asked first: %s',
  async (reading) => {
    const { ask, asked } = scene({}, true, { added: ['octocat/*', 'octocat/hello-world'], reading })
    expect(await ask(opened())).toEqual({
      own: false,
      author: 'unknown',
      readings: new Map([['bob', reading]]),
    })
    expect(asked).toEqual(['read octocat/hello-world bob'])
  },
)

test('who may not read the repository makes nobody ask for its files', async () => {
  const bound = [wanting('docs', ['docs/**'], { featureFlag: 'extra' })]
  const given = { bound, added: ['octocat/*'] }
  const { ask, asked } = scene({}, true, { ...given, reading: 'not_readable', features: {} })
  await ask(opened())
  expect(asked).toEqual(['read octocat/hello-world bob'])
})
