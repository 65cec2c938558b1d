import type { GitHubClient, ModuleContext } from './context.ts'
import { PermanentError } from './errors.ts'
import type { Issue, PullRequest, Repository } from './subject.ts'

/** One call to whoever does things for the module: the service's broker, or a test. */
export type Call = (method: string, params: unknown) => Promise<unknown>

/** What a context is made of: the data that came with the run, and the ways out. */
export interface ContextParts {
  readonly data: Omit<ModuleContext, 'pr' | 'issue' | 'repo' | Ways>
  /** What the run is about, without its methods; null for what it is not about. */
  readonly subject: Readonly<Record<'pr' | 'issue' | 'repo', object | null>>
  readonly call: Call
  readonly log: (level: keyof ModuleContext['log'], message: string, fields?: object) => void
  readonly fetch: ModuleContext['fetch']
  /** Made when the handler first asks for `ctx.github`. */
  readonly github: () => GitHubClient
  /** Calls that nobody awaits; the caller does, before the outcome leaves. */
  readonly records: Promise<unknown>[]
}

type Ways = 'github' | 'fetch' | 'agent' | 'journal' | 'once' | 'notify' | 'invoke' | 'log'

const METHODS = {
  pr: {
    reads: ['diff', 'files', 'commits', 'comments', 'threads', 'linkedIssues', 'now'],
    verbs: ['comment', 'review', 'resolve', 'withdraw', 'label', 'check'],
  },
  issue: { reads: ['comments'], verbs: ['comment', 'label', 'project'] },
  repo: {
    reads: ['file', 'list', 'labels', 'permission', 'search', 'settings', 'settingsReported'],
    verbs: [],
  },
} as const

/** The single argument of every handler; whatever it does leaves by `call`. */
export function createContext({ data, subject, call, ...ways }: ContextParts): ModuleContext {
  let client: GitHubClient | undefined
  const log = (level: keyof ModuleContext['log']) => (message: string, fields?: object) =>
    ways.log(level, message, fields)
  // Absent is undefined, and no error: `const { pr, issue } = ctx` and `ctx.pr ?? ctx.issue` read both.
  const about = <Subject>(on: keyof typeof METHODS): Subject | undefined => {
    if (!subject[on]) return undefined
    const { reads, verbs } = METHODS[on]
    const methods = [
      ...reads.map((name) => [name, (...args: unknown[]) => call('subject.read', { on, name, args })]),
      ...verbs.map((verb) => [verb, (...args: unknown[]) => call('subject.write', { verb, args })]),
    ]
    return { ...subject[on], ...Object.fromEntries(methods) } as Subject
  }
  return {
    ...data,
    pr: about<PullRequest>('pr'),
    issue: about<Issue>('issue'),
    repo: about<Repository>('repo'),
    get github() {
      return (client ??= ways.github())
    },
    fetch: ways.fetch,
    agent: { run: (request) => call('agent.run', request) as ReturnType<ModuleContext['agent']['run']> },
    journal: { record: (record) => void ways.records.push(call('journal.record', record)) },
    once: (key, fn) => once(call, key, fn),
    async notify(text) {
      await call('notify', { text })
    },
    invoke: (module, input) => call('invoke', { module, input }) as Promise<{ run_id: string }>,
    log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
  }
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
