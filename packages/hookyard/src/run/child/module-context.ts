// Builds ModuleContext inside the module's process: data that came with the run, and calls to the broker.
import { createRequire } from 'node:module'
import type { Octokit as OctokitClass } from 'octokit'
import type { GitHubClient, ModuleContext, Issue, PullRequest, Repository } from '@hookyard/sdk/host'
import { PermanentError } from '@hookyard/sdk/host'
import type { RunInit } from '../protocol.ts'
import type { Call } from './caller.ts'
import { createFetch } from './module-fetch.ts'

export interface ContextParts {
  readonly init: RunInit
  readonly call: Call
  readonly signal: AbortSignal
  readonly config: unknown
  readonly input: unknown
  readonly log: (
    level: 'debug' | 'info' | 'warn' | 'error',
    message: string,
    fields?: Record<string, unknown>,
  ) => void
  /** Outstanding journal records, awaited before the outcome leaves. */
  readonly records: Promise<unknown>[]
}

const READS = {
  pr: ['diff', 'files', 'commits', 'comments', 'threads', 'linkedIssues', 'now'],
  issue: ['comments'],
  repo: ['file', 'list', 'labels', 'permission', 'search', 'wishes', 'wishesReported'],
} as const
const VERBS = {
  pr: ['comment', 'review', 'resolve', 'withdraw', 'label', 'check'],
  issue: ['comment', 'label', 'project'],
  repo: [],
} as const

/** The single argument of every handler. */
export function createModuleContext(parts: ContextParts): ModuleContext {
  const { init, call } = parts
  let client: GitHubClient | undefined
  return {
    run: { id: init.runId, module: init.module, attempt: init.attempt },
    trigger: init.trigger as ModuleContext['trigger'],
    input: parts.input,
    config: parts.config,
    entity: init.entity,
    recipients: init.recipients,
    state: init.state,
    get pr() {
      return subjectOf<PullRequest>('pr', init, call)
    },
    get issue() {
      return subjectOf<Issue>('issue', init, call)
    },
    get repo() {
      return subjectOf<Repository>('repo', init, call)
    },
    get github() {
      return (client ??= createClient(init, call))
    },
    fetch: createFetch(call),
    agent: { run: (request) => call('agent.run', request) as ReturnType<ModuleContext['agent']['run']> },
    journal: {
      record(data) {
        parts.records.push(call('journal.record', data))
      },
    },
    once: (key, fn) => once(call, key, fn),
    async notify(text) {
      await call('notify', { text })
    },
    invoke: (module, input) => call('invoke', { module, input }) as Promise<{ run_id: string }>,
    signal: parts.signal,
    log: {
      debug: (message, fields) => parts.log('debug', message, fields),
      info: (message, fields) => parts.log('info', message, fields),
      warn: (message, fields) => parts.log('warn', message, fields),
      error: (message, fields) => parts.log('error', message, fields),
    },
  }
}

/** Absent is undefined, and no error: `const { pr, issue } = ctx` and `ctx.pr ?? ctx.issue` read both. */
function subjectOf<Subject>(name: 'pr' | 'issue' | 'repo', init: RunInit, call: Call): Subject | undefined {
  const data = init.subject[name]
  if (!data) return undefined
  const methods: Record<string, unknown> = {}
  for (const read of READS[name])
    methods[read] = (...args: unknown[]) => call('subject.read', { on: name, name: read, args })
  for (const verb of VERBS[name])
    methods[verb] = (...args: unknown[]) => call('subject.write', { verb, args })
  return { ...data, ...methods } as Subject
}

async function once<T>(call: Call, key: string, fn: () => T | Promise<T>): Promise<T> {
  const begun = (await call('once.begin', { key })) as { state: 'new' | 'done' | 'begun'; result?: T }
  if (begun.state === 'done') return begun.result as T
  if (begun.state === 'begun') {
    throw new PermanentError(
      `once(${JSON.stringify(key)}) was interrupted in an earlier attempt; whether it took effect is unknown, so it is not run again`,
      { reason: 'once_interrupted' },
    )
  }
  let result: T
  try {
    result = await fn()
  } catch (error) {
    await call('once.forget', { key })
    throw error
  }
  await call('once.end', { key, result })
  return result
}

/** Octokit, loaded only by modules that ask for it; its fetch is the broker. */
function createClient(init: RunInit, call: Call): GitHubClient {
  const { Octokit } = createRequire(import.meta.url)('octokit') as { Octokit: typeof OctokitClass }
  const fetch = async (
    url: string,
    options: { method?: string; headers?: Record<string, string>; body?: string } = {},
  ) => {
    const answer = (await call('github.fetch', {
      method: options.method ?? 'GET',
      url,
      headers: { ...options.headers },
      body: options.body ?? null,
    })) as { status: number; headers: Record<string, string>; body: string }
    const empty = answer.status === 204 || answer.status === 205 || answer.status === 304
    const response = new Response(empty ? null : answer.body, {
      status: answer.status,
      headers: answer.headers,
    })
    // Octokit's pagination reads the answer's URL, which a made Response does not have.
    return Object.defineProperty(response, 'url', { value: url })
  }
  const octokit = new Octokit({
    baseUrl: init.githubApiUrl,
    request: { fetch },
    throttle: { enabled: false },
    retry: { enabled: false },
    log: { debug() {}, info() {}, warn() {}, error() {} },
  })
  // Octokit wraps what its fetch throws; the broker's own errors say whether to try again, so they pass as they are.
  octokit.hook.error('request', (error) => {
    throw error.cause instanceof Error ? error.cause : error
  })
  return octokit as unknown as GitHubClient
}
