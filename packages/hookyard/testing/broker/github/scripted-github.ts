// For tests: a GitHub that answers with what it is told, in order, and the client for it.
import { onTestFinished } from 'vitest'
import { silentLog } from '../../../src/lib/log.ts'
import { type Received, type Reply, send, serveLoopback } from '@hookyard/standins/http'
import { type GitHubOptions, createGitHub } from '../../../src/broker/github/client.ts'

/** What the client's clock shows at first. */
export const NOW = Date.parse('2026-11-22T12:00:00Z')

export type Step = Reply | 'drop' | 'hang' | ((request: Received) => Reply)

/** Starts the server for one test. Sleeping takes no time: it moves the client's clock. */
export async function startScripted(steps: Step[], options: Partial<GitHubOptions> = {}) {
  const seen: Received[] = []
  const server = await serveLoopback((request, response) => {
    seen.push(request)
    const step = steps.shift() ?? { status: 500, body: { message: 'no step left' } }
    if (step === 'hang') return Promise.resolve()
    if (step === 'drop') response.destroy()
    else send(response, typeof step === 'function' ? step(request) : step)
    return Promise.resolve()
  })
  onTestFinished(() => server.close())
  const slept: number[] = []
  let now = NOW
  const github = createGitHub({
    apiUrl: server.url,
    token: 'ghp_secret',
    log: silentLog,
    clock: () => now,
    sleep(ms, signal) {
      slept.push(ms)
      now += ms
      return signal?.aborted ? Promise.reject(signal.reason as Error) : Promise.resolve()
    },
    ...options,
  })
  return { github, seen, slept, server }
}

export const ok: Reply = { status: 200, body: { number: 1 } }
export const get = { method: 'GET', path: '/repos/octo/hello/issues/1' }
export const post = { method: 'POST', path: '/repos/octo/hello/issues/1/comments', body: '{"body":"x"}' }
