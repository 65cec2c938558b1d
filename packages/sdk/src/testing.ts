// `@hookyard/sdk/testing`: a handler run in this process on a payload, with every effect captured and nothing
// sent. No server, no network: what the handler reads comes from `github`, what the agent says from `agent`.
import type {
  AgentAnswer,
  AgentRequest,
  CommandData,
  GitHubClient,
  ModuleContext,
  ResumeData,
  ScheduleData,
  SubjectKind,
  Trigger,
} from './context.ts'
import type { ModuleDefinition, StandardSchema } from './define-module.ts'
import type { Outcome } from './outcome.ts'
import type {
  ChangedFile,
  Comment,
  Commit,
  Issue,
  Label,
  LinkedIssue,
  PullRequest,
  PullRequestNow,
  Repository,
  RepositoryEntry,
  ReviewThread,
  SearchHit,
} from './subject.ts'
import type { RepositoryWishes, Wishes } from './wishes.ts'

/** What GitHub would answer. Everything is optional; what is absent is empty. */
export interface TestGitHub {
  readonly diff?: string
  readonly files?: readonly ChangedFile[]
  readonly commits?: readonly Commit[]
  readonly comments?: readonly Comment[]
  readonly labels?: readonly (string | Label)[]
  readonly threads?: readonly ReviewThread[]
  readonly linkedIssues?: readonly LinkedIssue[]
  /** What changed since the run loaded the pull request. */
  readonly now?: Partial<PullRequestNow>
  /** Repository files by path, or by `ref:path` for one ref alone. */
  readonly contents?: Readonly<Record<string, string>>
  /** What logins may do; default `write` for every one. */
  readonly permissions?: Readonly<Record<string, string>>
  /** What `.github/hookyard.yml` asks of the module; `problems`: what is wrong with it. */
  readonly wishes?: Wishes & { readonly problems?: readonly string[] }
  /** Titles of the owner's projects. */
  readonly projects?: readonly string[]
  readonly search?: readonly SearchHit[]
  /** Answers `ctx.github.request(route, parameters)`. Without it every such call is an error. */
  readonly request?: (route: string, parameters?: Record<string, unknown>) => unknown
}

export interface RunModuleOptions {
  /** The manifest's `subject`, for a handler that does not say its own; else what the payload is about. */
  readonly subject?: SubjectKind
  /** `pull_request.opened`, or `pull_request` alone. Default: an invoke without an event. */
  readonly event?: string
  readonly payload?: unknown
  /** Runs it by a command instead: `name` without its slash, `args` is what stands after it. */
  readonly command?: { readonly name?: string; readonly args?: string; readonly by?: string }
  /** Goes on after `paused()` instead, with this answer; `state` below is what it paused with. */
  readonly resume?: { readonly answer: string; readonly by?: string | null; readonly question?: string }
  /** Runs it by its schedule instead; `at` is the planned time, ISO 8601. */
  readonly schedule?: { readonly at?: string; readonly late_by_seconds?: number }
  readonly config?: unknown
  readonly input?: unknown
  readonly state?: unknown
  readonly recipients?: readonly string[]
  readonly github?: TestGitHub
  /** Answers `ctx.fetch`. Without it every such call is an error. */
  readonly fetch?: (request: Request) => Response | Promise<Response>
  /** The agent's answer: a text, a structured output, or a function of the request. */
  readonly agent?: string | { output: unknown; text?: string } | ((request: AgentRequest) => unknown)
}

/** Something that the handler wrote. */
export interface CapturedEffect {
  readonly verb:
    'comment' | 'review' | 'resolve' | 'withdraw' | 'label' | 'check' | 'project' | 'invoke' | 'request'
  readonly key?: string
  readonly [field: string]: unknown
}

export interface RunModuleResult {
  readonly outcome: Outcome
  readonly effects: readonly CapturedEffect[]
  /** Texts of `ctx.notify`, then the outcome's summary when recipients would read it. */
  readonly messages: readonly string[]
  /** What `ctx.journal.record` was given, merged. */
  readonly records: Readonly<Record<string, unknown>>
  readonly logs: readonly string[]
}

type Json = Readonly<Record<string, unknown>>

/**
 * Runs a module's handler.
 * @throws what the handler throws; TypeError when config or input do not fit the handler's schema, or when it
 * returns no outcome.
 */
export async function runModule(
  module: ModuleDefinition<never, never> | ModuleDefinition,
  options: RunModuleOptions = {},
): Promise<RunModuleResult> {
  const definition = module as ModuleDefinition
  const captured: Captured = { effects: [], messages: [], records: {}, logs: [], once: new Map(), ids: 0 }
  const context = await createTestContext(definition, options, captured)
  const outcome = requireOutcome(await definition.handle(context as never))
  if (outcome.status === 'done' || outcome.status === 'failed') captured.messages.push(outcome.summary)
  const { effects, messages, records, logs } = captured
  return { outcome, effects, messages, records, logs }
}

/** The service ends such a run as `invalid_outcome`, in the same words. */
function requireOutcome(outcome: Outcome | undefined): Outcome {
  if (typeof outcome?.status === 'string') return outcome
  const found = JSON.stringify(outcome) ?? 'undefined'
  throw new TypeError(
    `the handler returned ${found}; expected done(summary), failed(summary), skipped(reason) or paused(question)`,
  )
}

interface Captured {
  readonly effects: CapturedEffect[]
  readonly messages: string[]
  readonly records: Record<string, unknown>
  readonly logs: string[]
  readonly once: Map<string, unknown>
  ids: number
}

async function createTestContext(
  definition: ModuleDefinition,
  options: RunModuleOptions,
  captured: Captured,
): Promise<ModuleContext> {
  const payload = object(options.payload)
  const github = options.github ?? {}
  const kind = options.subject ?? definition.subject ?? kindOf(payload)
  const repository = object(payload['repository'])
  const numbered = object(payload['pull_request'] ?? payload['issue'])
  const note = (level: string) => (message: string) => void captured.logs.push(`${level}: ${message}`)
  return {
    run: { id: 'run-under-test', module: 'module-under-test', attempt: 1 },
    trigger: testTrigger(options, payload),
    input: await fit(definition.input, options.input, 'input'),
    config: await fit(definition.config, options.config, 'config'),
    entity: testEntity(options.event, payload),
    recipients: options.recipients ?? ['admin'],
    state: options.state ?? null,
    pr:
      kind === 'pull_request'
        ? (testSubject(kind, numbered, github, captured) as unknown as PullRequest)
        : undefined,
    issue: kind === 'issue' ? (testSubject(kind, numbered, github, captured) as unknown as Issue) : undefined,
    repo: kind === 'none' ? undefined : (testRepository(repository, github) as unknown as Repository),
    github: testClient(github, captured),
    async fetch(input, init) {
      const request = new Request(input, init)
      if (!options.fetch)
        throw new Error(`the handler fetched ${request.url}: give runModule a \`fetch\` that answers`)
      return options.fetch(request)
    },
    agent: { run: (request) => answer(options.agent, request) },
    journal: { record: (data) => void Object.assign(captured.records, data) },
    async once(key, fn) {
      if (!captured.once.has(key)) captured.once.set(key, await fn())
      return captured.once.get(key) as never
    },
    async notify(text) {
      captured.messages.push(text)
    },
    async invoke(module, input) {
      captured.effects.push({ verb: 'invoke', module, input })
      return { run_id: `run-${captured.effects.length}` }
    },
    signal: new AbortController().signal,
    log: { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') },
  }
}

/** What the payload is about, for a handler that does not say it. A comment on a pull request has it as `issue`. */
function kindOf(payload: Json): SubjectKind {
  const { pull_request: pull, issue } = payload
  if (pull !== undefined || object(issue)['pull_request'] !== undefined) return 'pull_request'
  return issue === undefined ? 'repository' : 'issue'
}

/** The key that the service gives to what such an event is about. */
function testEntity(event: string | undefined, payload: Json): string {
  const { full_name: name = 'octocat/hello-world' } = object(payload['repository'])
  const repository = String(name).toLowerCase()
  const { number } = object(payload['pull_request'] ?? payload['issue'])
  if (number !== undefined) return `${repository}#${String(number)}`
  const { ref } = payload
  if (typeof ref !== 'string' || !/^(?:push|create|delete)\b/.test(event ?? '')) return repository
  return `${repository}@${ref.replace(/^refs\/(?:heads|tags)\//, '')}`
}

function testTrigger(options: RunModuleOptions, payload: Json): ModuleContext['trigger'] {
  const [event = null, action = null] = options.event?.split('.') ?? []
  const { login } = object(payload['sender'])
  const at = new Date(0).toISOString()
  if (options.command) {
    const { name = 'command', args = '', by = 'maintainer' } = options.command
    const data = { command: name, args, comment_id: null, comment_url: null } satisfies CommandData
    return { type: 'command', event: event ?? 'issue_comment', action: action ?? 'created', data, by, at }
  }
  if (options.schedule) {
    const { late_by_seconds = 0, at: planned = at } = options.schedule
    const data = { schedule: '0 9 * * *', timezone: 'UTC', late_by_seconds } satisfies ScheduleData
    return { type: 'schedule', event: null, action: null, data, by: null, at: planned }
  }
  const first: Trigger = {
    type: event === null ? 'invoke' : 'webhook',
    event,
    action: action ?? (typeof payload['action'] === 'string' ? payload['action'] : null),
    data: payload,
    by: typeof login === 'string' ? login : null,
    at,
  }
  if (!options.resume) return first
  const { answer, by = 'admin', question = 'question' } = options.resume
  const data = { answer, by, question, state: options.state ?? null, original: first } satisfies ResumeData
  return { ...first, type: 'resume', data, by }
}

function testSubject(kind: SubjectKind, data: Json, github: TestGitHub, captured: Captured): Json {
  const written = (verb: CapturedEffect['verb'], key: string, fields: Json) => {
    const updated = captured.effects.some((effect) => effect.verb === verb && effect.key === key)
    captured.effects.push({ ...fields, verb, key })
    captured.ids += 1
    return Promise.resolve({ id: captured.ids, url: `https://github.test/${verb}/${captured.ids}`, updated })
  }
  const known = labelsOf(github)
  const reads = {
    comments: () => Promise.resolve(github.comments ?? []),
    ...(kind === 'pull_request'
      ? {
          diff: () => Promise.resolve(github.diff ?? ''),
          files: () => Promise.resolve(github.files ?? []),
          commits: () => Promise.resolve(github.commits ?? []),
          threads: () => Promise.resolve(github.threads ?? []),
          linkedIssues: () => Promise.resolve(github.linkedIssues ?? []),
          now: () => Promise.resolve({ ...nowOf(data), ...github.now }),
          resolve: (thread: string, note: string) => {
            captured.effects.push({ verb: 'resolve', thread, note })
            return Promise.resolve({ resolved: true, noted: false })
          },
          withdraw: (message: string) => {
            captured.effects.push({ verb: 'withdraw', message })
            return Promise.resolve(1)
          },
          review: (key: string, input: Json) => written('review', key, input),
          check: (key: string, input: Json) => written('check', key, input),
        }
      : {}),
  }
  return {
    labels: [],
    assignees: [],
    ...data,
    data,
    author: String(object(data['user'])['login'] ?? 'ghost'),
    ...reads,
    comment: (key: string, text: string) => written('comment', key, { text }),
    project: (title: string) => {
      const found = github.projects?.find((known) => known.toLowerCase() === title.toLowerCase())
      if (found === undefined) return Promise.resolve({ added: false, title: null, url: null })
      captured.effects.push({ verb: 'project', title: found })
      return Promise.resolve({ added: true, title: found, url: 'https://github.test/projects/1' })
    },
    label: (names: readonly string[]) => {
      const applied = names.filter((name) =>
        known.some((label) => label.name.toLowerCase() === name.toLowerCase()),
      )
      captured.effects.push({ verb: 'label', names: applied })
      return Promise.resolve({ applied, missing: names.filter((name) => !applied.includes(name)) })
    },
  }
}

const nowOf = (data: Json): PullRequestNow => ({
  state: String(data['state'] ?? 'open'),
  merged: data['merged'] === true,
  draft: data['draft'] === true,
  head_sha: String(object(data['head'])['sha'] ?? ''),
})

function testRepository(data: Json, github: TestGitHub): Json {
  const { problems = [], ...wishes } = github.wishes ?? {}
  const asked: RepositoryWishes = { wishes, problems, report: problems.length > 0 ? '0'.repeat(32) : null }
  return {
    ...data,
    data,
    file: (path: string, ref?: string) =>
      Promise.resolve(github.contents?.[`${ref}:${path}`] ?? github.contents?.[path] ?? null),
    list: (path: string, ref?: string) => Promise.resolve(folderOf(github, path, ref)),
    labels: () => Promise.resolve(labelsOf(github)),
    permission: (login: string) => Promise.resolve(github.permissions?.[login] ?? 'write'),
    wishes: () => Promise.resolve(asked),
    wishesReported: () => Promise.resolve(),
    search: (_query: string, { limit = 10 }: { limit?: number } = {}) =>
      Promise.resolve((github.search ?? []).slice(0, limit)),
  }
}

function folderOf(github: TestGitHub, path: string, ref: string | undefined): RepositoryEntry[] | null {
  const prefix = `${path.replace(/\/+$/, '')}/`
  const paths = Object.keys(github.contents ?? {})
    .map((name) => (name.startsWith(`${ref}:`) ? name.slice(`${ref}:`.length) : name))
    .filter((name) => name.startsWith(prefix))
  const names = [...new Set(paths.map((name) => name.slice(prefix.length).split('/')[0] ?? ''))].sort()
  if (names.length === 0) return null
  return names.map((name) => ({
    name,
    path: prefix + name,
    type: paths.includes(prefix + name) ? 'file' : 'dir',
  }))
}

const labelsOf = (github: TestGitHub): Label[] =>
  (github.labels ?? []).map((label) =>
    typeof label === 'string' ? { name: label, description: null } : label,
  )

function testClient(github: TestGitHub, captured: Captured): GitHubClient {
  const request = (route: string, parameters?: Record<string, unknown>) => {
    if (!github.request)
      throw new Error(
        `the handler asked GitHub for ${route}: give runModule a github.request that answers it`,
      )
    captured.effects.push({ verb: 'request', route, parameters })
    return Promise.resolve({ status: 200, data: github.request(route, parameters), headers: {} })
  }
  return {
    request,
    paginate: async (route, parameters) => [(await request(route, parameters)).data].flat(),
    rest: new Proxy({} as GitHubClient['rest'], {
      get: (_target, scope) =>
        new Proxy({} as GitHubClient['rest'][string], {
          get: (_inner, method) => (parameters?: Record<string, unknown>) =>
            request(`${String(scope)}.${String(method)}`, parameters),
        }),
    }),
  }
}

async function answer(agent: RunModuleOptions['agent'], request: AgentRequest): Promise<AgentAnswer> {
  const base = { cost_usd: 0, model: null, backend: 'test' }
  if (agent === undefined)
    throw new Error('the handler asked the agent: give runModule an `agent` that answers')
  const said = typeof agent === 'function' ? await agent(request) : agent
  if (typeof said === 'string') return { ...base, text: said, output: null }
  const given = object(said)
  if (!('output' in given)) return { ...base, text: JSON.stringify(said), output: said }
  return { ...base, text: String(given['text'] ?? JSON.stringify(given['output'])), output: given['output'] }
}

async function fit(schema: StandardSchema | undefined, value: unknown, what: string): Promise<never> {
  if (!schema) return (value ?? {}) as never
  const result = await schema['~standard'].validate(value ?? {})
  if (result.issues) throw new TypeError(`${what}: ${result.issues.map((issue) => issue.message).join('; ')}`)
  return result.value as never
}

const object = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}
