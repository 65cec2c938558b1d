// `@hookyard/sdk/testing`: a handler run in this process on a payload, with every effect captured and nothing
// sent. No server, no network: what the handler reads comes from `github`, what the agent says from `agent`.
import { createContext } from './create-context.ts'
import type {
  AgentAnswer,
  AgentRequest,
  ChangedFile,
  CommandData,
  Comment,
  Commit,
  GitHubClient,
  Label,
  LinkedIssue,
  ModuleDefinition,
  Outcome,
  PullRequestNow,
  RepositoryEntry,
  RepositorySettings,
  ResumeData,
  ReviewThread,
  ScheduleData,
  SearchHit,
  StandardSchema,
  SubjectKind,
  Trigger,
} from './index.ts'

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
  readonly settings?: RepositorySettings & { readonly problems?: readonly string[] }
  /** Titles of the owner's projects. */
  readonly projects?: readonly string[]
  readonly search?: readonly SearchHit[]
  /** Answers `ctx.github.request(route, parameters)`. Without it every such call is an error. */
  readonly request?: (route: string, parameters?: Record<string, unknown>) => unknown
}

/** What the handler is run on; everything is optional. */
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

/** What the handler did. */
export interface RunModuleResult {
  readonly outcome: Outcome
  /** In the order in which they were written. */
  readonly effects: readonly CapturedEffect[]
  /** Texts of `ctx.notify`, then the outcome's summary when recipients would read it. */
  readonly messages: readonly string[]
  /** What `ctx.journal.record` was given, merged. */
  readonly records: Readonly<Record<string, unknown>>
  /** `LEVEL: message` */
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
  const payload = object(options.payload)
  const repository = object(payload['repository'])
  const numbered = object(payload['pull_request'] ?? payload['issue'])
  const kind = options.subject ?? definition.subject ?? kindOf(payload)
  const captured: Captured = { effects: [], messages: [], records: {}, logs: [] }
  const calls = answerCalls(options, numbered, captured)
  const pending: Promise<unknown>[] = []
  const context = createContext({
    data: {
      run: { id: 'run-under-test', module: 'module-under-test', attempt: 1 },
      trigger: testTrigger(options, payload),
      input: await parse(definition.input, options.input, 'input'),
      config: await parse(definition.config, options.config, 'config'),
      entity: testEntity(options.event, payload),
      recipients: options.recipients ?? ['admin'],
      state: options.state ?? null,
      signal: new AbortController().signal,
    },
    subject: {
      pr: kind === 'pull_request' ? subjectData(numbered) : null,
      issue: kind === 'issue' ? subjectData(numbered) : null,
      repo: kind === 'none' ? null : { ...repository, data: repository },
    },
    call: async (method, params) => calls[method]?.(params as never),
    log: (level, message) => void captured.logs.push(`${level}: ${message}`),
    async fetch(input, init) {
      const request = new Request(input, init)
      if (!options.fetch)
        throw new Error(`the handler fetched ${request.url}: give runModule a \`fetch\` that answers`)
      return options.fetch(request)
    },
    github: () => testClient(options.github ?? {}, captured),
    records: pending,
  })
  const outcome = requireOutcome(await definition.handle(context as never))
  await Promise.all(pending)
  if (outcome.status === 'done' || outcome.status === 'failed') captured.messages.push(outcome.summary)
  return { outcome, ...captured }
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
}

/** What the service's broker would answer to the context's calls, by their names. */
function answerCalls(options: RunModuleOptions, numbered: Json, captured: Captured) {
  const github = options.github ?? {}
  const kept = new Map<string, unknown>()
  return {
    'subject.read': ({ name, args }: { name: string; args: readonly never[] }) =>
      testReads(github, numbered)[name]?.(...args),
    'subject.write': ({ verb, args }: { verb: CapturedEffect['verb']; args: readonly unknown[] }) =>
      write(github, captured, verb, args),
    'agent.run': (request: AgentRequest) => answer(options.agent, request),
    'journal.record': (data: Json) => Object.assign(captured.records, data),
    'once.begin': ({ key }: { key: string }) =>
      kept.has(key) ? { state: 'done', result: kept.get(key) } : { state: 'new' },
    'once.end': ({ key, result }: { key: string; result: unknown }) => kept.set(key, result),
    notify: ({ text }: { text: string }) => captured.messages.push(text),
    invoke(request: Json) {
      captured.effects.push({ verb: 'invoke', ...request })
      return { run_id: `run-${captured.effects.length}` }
    },
  } as Readonly<Record<string, (params: never) => unknown>>
}

const LISTS = ['files', 'commits', 'comments', 'threads', 'linkedIssues'] as const

const testReads = (
  github: TestGitHub,
  numbered: Json,
): Readonly<Record<string, (...args: never[]) => unknown>> => ({
  diff: () => github.diff ?? '',
  ...Object.fromEntries(LISTS.map((name) => [name, () => github[name] ?? []])),
  now: (): PullRequestNow => ({
    state: String(numbered['state'] ?? 'open'),
    merged: numbered['merged'] === true,
    draft: numbered['draft'] === true,
    head_sha: String(object(numbered['head'])['sha'] ?? ''),
    ...github.now,
  }),
  file: (path: string, ref?: string) =>
    github.contents?.[`${ref}:${path}`] ?? github.contents?.[path] ?? null,
  list: (path: string, ref?: string) => folderOf(github, path, ref),
  labels: () => labelsOf(github),
  permission: (login: string) => github.permissions?.[login] ?? 'write',
  settings() {
    const { problems = [], ...settings } = github.settings ?? {}
    return { settings, problems, report: problems.length > 0 ? '0'.repeat(32) : null }
  },
  search: (_query: string, { limit = 10 }: { limit?: number } = {}) => (github.search ?? []).slice(0, limit),
})

function write(
  github: TestGitHub,
  { effects }: Captured,
  verb: CapturedEffect['verb'],
  [first, second]: readonly unknown[],
): unknown {
  const names = (list: readonly string[]) => new Map(list.map((name) => [name.toLowerCase(), name]))
  switch (verb) {
    case 'resolve':
      effects.push({ verb, thread: first, note: second })
      return { resolved: true, noted: false }
    case 'withdraw':
      effects.push({ verb, message: first })
      return 1
    case 'label': {
      const known = names(labelsOf(github).map(({ name }) => name))
      const [applied, missing] = [true, false].map((has) =>
        (first as string[]).filter((name) => known.has(name.toLowerCase()) === has),
      )
      effects.push({ verb, names: applied })
      return { applied, missing }
    }
    case 'project': {
      const title = names(github.projects ?? []).get(String(first).toLowerCase())
      if (title === undefined) return { added: false, title: null, url: null }
      effects.push({ verb, title })
      return { added: true, title, url: 'https://github.test/projects/1' }
    }
    default: {
      const key = String(first)
      const updated = effects.some((effect) => effect.verb === verb && effect.key === key)
      effects.push({ ...(typeof second === 'string' ? { text: second } : object(second)), verb, key })
      const id = effects.filter((effect) => effect.key !== undefined).length
      return { id, url: `https://github.test/${verb}/${id}`, updated }
    }
  }
}

const subjectData = (data: Json): Json => ({
  labels: [],
  assignees: [],
  ...data,
  data,
  author: String(object(data['user'])['login'] ?? 'ghost'),
})

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

function testTrigger(options: RunModuleOptions, payload: Json): Trigger {
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
  const request = async (route: string, parameters?: Record<string, unknown>) => {
    if (!github.request)
      throw new Error(
        `the handler asked GitHub for ${route}: give runModule a github.request that answers it`,
      )
    captured.effects.push({ verb: 'request', route, parameters })
    return { status: 200, data: github.request(route, parameters), headers: {} }
  }
  const methods = <T>(get: (name: string) => T) =>
    new Proxy({} as Record<string, T>, { get: (_target, name) => get(String(name)) })
  return {
    request,
    paginate: async (route, parameters) => [(await request(route, parameters)).data].flat(),
    rest: methods((scope) => methods((method) => (parameters) => request(`${scope}.${method}`, parameters))),
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

async function parse(schema: StandardSchema | undefined, value: unknown, what: string): Promise<never> {
  if (!schema) return (value ?? {}) as never
  const result = await schema['~standard'].validate(value ?? {})
  if (result.issues) throw new TypeError(`${what}: ${result.issues.map((issue) => issue.message).join('; ')}`)
  return result.value as never
}

const object = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}
