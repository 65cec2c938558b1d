// The module's context inside its process: what came with the run, calls to the broker, and Octokit over it.
import { createRequire } from 'node:module'
import { extname } from 'node:path'
import {
  type Call,
  type ContextParts,
  createContext,
  type GitHubClient,
  type ModuleContext,
} from '@hookyard/sdk/host'
import type { RunInit } from '../protocol.ts'
import type * as OctokitFile from './octokit.ts'

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

interface Answer {
  readonly status: number
  readonly statusText?: string
  readonly headers: [string, string][] | Record<string, string>
  readonly body: string
  readonly url?: string
  readonly redirected?: boolean
}

/** A fetch whose requests the broker makes: the standard's Request and Response at its ends. */
const createFetch =
  (call: Call) =>
  async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init)
    const { signal, method, url, redirect } = request
    signal.throwIfAborted()
    const body = request.body === null ? null : Buffer.from(await request.arrayBuffer()).toString('base64')
    const asked = call('fetch', { method, url, headers: [...request.headers], body, redirect })
    const aborted = new Promise<never>((_resolve, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
    )
    const answer = (await Promise.race([asked, aborted])) as Answer
    return toResponse(answer, Buffer.from(answer.body, 'base64'))
  }

function toResponse(answer: Answer, body: string | Buffer<ArrayBuffer>, url = answer.url): Response {
  const { status, statusText = '', headers, redirected = false } = answer
  const response = new Response([204, 205, 304].includes(status) ? null : body, {
    status,
    statusText,
    headers,
  })
  // A Response that was made has no address of its own; Octokit's pagination reads it too.
  return Object.defineProperties(response, { url: { value: url }, redirected: { value: redirected } })
}

/** Octokit, loaded only by modules that ask for it; its fetch is the broker. */
function createClient({ githubApiUrl: baseUrl }: RunInit, call: Call): GitHubClient {
  const file = `./octokit${extname(import.meta.url)}`
  const { Octokit } = createRequire(import.meta.url)(file) as typeof OctokitFile
  const fetch = async (
    url: string,
    {
      method = 'GET',
      headers,
      body = null,
    }: { method?: string; headers?: object; body?: string | null } = {},
  ) => {
    const answer = (await call('github.fetch', { method, url, headers: { ...headers }, body })) as Answer
    return toResponse(answer, answer.body, url)
  }
  const octokit = new Octokit({
    baseUrl,
    request: { fetch },
    log: { debug() {}, info() {}, warn() {}, error() {} },
  })
  // Octokit wraps what its fetch throws; the broker's own errors say whether to try again, so they pass as they are.
  octokit.hook.error('request', (error) => {
    throw error.cause instanceof Error ? error.cause : error
  })
  return octokit as unknown as GitHubClient
}
