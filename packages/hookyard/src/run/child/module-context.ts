// The module's context inside its process: what came with the run, calls to the broker, and Octokit over it.
import { createRequire } from 'node:module'
import type { Octokit as OctokitClass } from 'octokit'
import {
  type Call,
  type ContextParts,
  createContext,
  type GitHubClient,
  type ModuleContext,
} from '@hookyard/sdk/host'
import type { RunInit } from '../protocol.ts'
import { createFetch } from './module-fetch.ts'

interface Parts extends Pick<ContextParts, 'call' | 'log' | 'records'> {
  readonly init: RunInit
  readonly signal: AbortSignal
  readonly config: unknown
  readonly input: unknown
}

/** The single argument of every handler. */
export function createModuleContext({ init, signal, config, input, ...ways }: Parts): ModuleContext {
  const { runId: id, module, attempt, trigger, entity, recipients, state, subject } = init
  return createContext({
    ...ways,
    data: {
      run: { id, module, attempt },
      trigger: trigger as ModuleContext['trigger'],
      ...{ entity, recipients, state, config, input, signal },
    },
    subject,
    fetch: createFetch(ways.call),
    github: () => createClient(init, ways.call),
  })
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
