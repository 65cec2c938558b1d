// For tests: the GitHub broker over the stand-in for GitHub and the real store, with one pull request and one issue.
import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { silentLog } from '../../../src/lib/log.ts'
import type { Grant } from '../../../src/registry/manifest.ts'
import { startGitHub } from '@hookyard/standins/github'
import { openSqliteStore } from '../../../src/store/sqlite/open.ts'
import type { EffectKey, EffectStore, Store } from '../../../src/store/store.ts'
import { type RunScope, createGitHubBroker } from '../../../src/broker/github/broker.ts'
import { createGitHub } from '../../../src/broker/github/client.ts'

export const REPO = 'octo/hello'
export const MARKER_KEY = 'a-marker-key-of-this-installation'
export const ALL: readonly Grant[] = ['comment', 'review', 'label', 'check']

/** A key pair costs a tenth of a second, so all tests of a process share one. */
let keys: ReturnType<typeof generateAppKeys> | undefined

/** `app`: the service is an App installed on the repository, else it is the personal token of `hookyard-bot`. */
export async function openScene(options: { readonly app?: boolean } = {}) {
  let now = Date.parse('2026-11-22T12:00:00Z')
  const clock = () => now
  const { publicKey, privateKey } = (keys ??= generateAppKeys())
  const standin = await startGitHub({
    clock,
    ...(options.app ? { app: { id: 7, publicKey, installations: [{ account: 'octo' }] } } : {}),
  })
  onTestFinished(() => standin.close())
  standin.createRepository(REPO)
  standin.createRepository('octo/other')
  for (const label of ['bug', 'Documentation', 'kind/ui']) standin.createLabel(REPO, label)
  const pr = standin.createPullRequest(REPO, { number: 42, title: 'Add a thing', user: 'alice' })
  const issue = standin.createIssue(REPO, { number: 7, title: 'It crashes', user: 'bob', labels: ['bug'] })
  standin.createPullRequest('octo/other', { number: 42, user: 'alice' })

  const effects = await freshEffects()
  const github = createGitHub({
    apiUrl: standin.url,
    ...(options.app ? { app: { id: '7', privateKey } } : { token: standin.token }),
    log: silentLog,
    clock,
    sleep: (ms) => Promise.resolve(void (now += ms)),
  })
  const parts = { github, effects, markerKey: MARKER_KEY, clock, log: silentLog }

  function scope(changes: Partial<RunScope> = {}): RunScope {
    const subject = { kind: 'pull_request', number: pr, headSha: standin.headSha(REPO, pr) } as const
    return {
      runId: 'run-1',
      module: 'pr-review',
      entity: `${REPO}#${pr}`,
      repository: REPO,
      subject,
      may: ALL,
      signal: new AbortController().signal,
      ...changes,
    }
  }

  return {
    standin,
    effects,
    github,
    pr,
    issue,
    broker: createGitHubBroker(parts),
    /** The broker of a service that has started again: nothing in memory is left. */
    restarted: () => createGitHubBroker(parts),
    /** A run about the pull request. */
    scope,
    /** A run about the issue. */
    issueScope: (changes: Partial<RunScope> = {}) =>
      scope({
        module: 'issue-triage',
        entity: `${REPO}#${issue}`,
        subject: { kind: 'issue', number: issue, headSha: null },
        ...changes,
      }),
    /** `METHOD PATH` of what reached GitHub, in order, queries left out. */
    asked: () => standin.requests.map(({ method, path }) => `${method} ${path.split('?')[0]}`),
    writes: () =>
      standin.requests
        .filter(({ method }) => method !== 'GET')
        .map(({ method, path }) => `${method} ${path}`),
    wait: (ms: number) => void (now += ms),
  }
}

/** Opening a database takes its time too: all scenes share one, each with modules of its own in it. */
let opened: Promise<Store> | undefined
let scenes = 0

async function freshEffects(): Promise<EffectStore> {
  const { effects } = await (opened ??= openStore())
  const scene = (scenes += 1)
  const own = (key: EffectKey) => ({ ...key, module: `${key.module}@${scene}` })
  return {
    ...effects,
    find: (key) => effects.find(own(key)),
    intend: (key, ...rest) => effects.intend(own(key), ...rest),
    record: (key, ...rest) => effects.record(own(key), ...rest),
  }
}

async function openStore(): Promise<Store> {
  return openSqliteStore({ file: join(await mkdtemp(join(tmpdir(), 'hookyard-broker-')), 'test.db') })
}

function generateAppKeys(): { publicKey: string; privateKey: string } {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
}
