import type { Issue, PullRequest, Repository } from './subject.ts'

/** What a run is about. */
export type SubjectKind = 'pull_request' | 'issue' | 'repository' | 'none'

/** Why this run exists. */
export interface Trigger<Data = Readonly<Record<string, unknown>>> {
  readonly type: 'webhook' | 'command' | 'schedule' | 'invoke' | 'resume'
  /** GitHub's event (`pull_request`) and its action (`opened`), where one caused the run. */
  readonly event: string | null
  readonly action: string | null
  /** The webhook's payload, the command's arguments, the answer to a question … */
  readonly data: Data
  /** Login or user name of who caused it, when somebody did. */
  readonly by: string | null
  /** When it was caused, ISO 8601; a schedule's planned tick. */
  readonly at: string
}

/** `trigger.data` of a run that a comment line `/COMMAND ARGS` started. */
export type CommandData = {
  /** Without its slash. */
  readonly command: string
  /** What stands after the command, trimmed; empty when nothing does. */
  readonly args: string
  readonly comment_id: number | null
  readonly comment_url: string | null
}

/** `trigger.data` of a scheduled run; `trigger.at` is the planned time. */
export type ScheduleData = {
  /** The cron pattern as the manifest has it. */
  readonly schedule: string
  readonly timezone: string
  /** More than a few seconds: the tick was missed, and runs late. */
  readonly late_by_seconds: number
}

/** `trigger.data` of a run that goes on after `paused()`. */
export type ResumeData = {
  /** The option's value, or the text. */
  readonly answer: string
  /** The user who answered; null when the question's time was up and its default was taken. */
  readonly by: string | null
  /** What was asked. */
  readonly question: string
  /** What `paused()` was given as `state`; also in `ctx.state`. */
  readonly state: unknown
  /** What caused the run at first, with its data. */
  readonly original: Trigger
}

/**
 * What kind of work a request is, as data: for a back-end that follows rules instead of reading prompts
 * (`offline`). Its output for `review` is `{ summary, findings: [{ file, line, severity, title, why, fix }] }`;
 * for `triage` `{ labels, duplicate_of, related, summary, priority, status, missing_info }`.
 */
export type AgentTask =
  | {
      readonly kind: 'review'
      /** Unified diff. */
      readonly diff: string
    }
  | {
      readonly kind: 'triage'
      readonly title: string
      readonly body: string
      /** The names that may be used. */
      readonly labels: readonly string[]
      readonly candidates: readonly { readonly number: number; readonly title: string }[]
    }

/** A question to the agent. */
export interface AgentRequest {
  /** The instructions. Trusted text alone: nothing that a stranger wrote. */
  readonly prompt: string
  /**
   * Outside text by name; each goes into a boundary of its own, with random marks, without invisible characters and HTML
   * comments. In a diff comments are code: it keeps them when its name says `diff` or `patch`.
   */
  readonly untrusted?: Readonly<Record<string, string>>
  /** JSON Schema of the answer; `output` then holds the validated value. */
  readonly schema?: Readonly<Record<string, unknown>>
  /** Without it a back-end that follows rules cannot answer. */
  readonly task?: AgentTask
  /** Another model than `agent.model`. */
  readonly model?: string
  /** Duration (`5m`) or seconds; never more than the installation allows. */
  readonly timeout?: string | number
}

/** What the agent said. */
export interface AgentAnswer {
  readonly text: string
  /** The structured answer when a schema was given, else null. */
  readonly output: unknown
  /** In USD; 0 when it is not known. */
  readonly cost_usd: number
  /** As the back-end names it; null when it does not tell. */
  readonly model: string | null
  /** `claude-cli`, `anthropic`, `offline` … */
  readonly backend: string
}

/** Lines of the run's log, with fields for programs. */
export interface Logger {
  debug(message: string, fields?: Record<string, unknown>): void
  info(message: string, fields?: Record<string, unknown>): void
  warn(message: string, fields?: Record<string, unknown>): void
  error(message: string, fields?: Record<string, unknown>): void
}

/** The slice of Octokit that `ctx.github` offers: everything goes through the broker. */
export interface GitHubClient {
  /** Octokit's `request`: `'GET /repos/{owner}/{repo}/issues'`. @throws PermanentError missing_grant, github_… */
  request(
    route: string,
    parameters?: Record<string, unknown>,
  ): Promise<{ status: number; data: unknown; headers: unknown }>
  /** All pages of a list. */
  paginate(route: string, parameters?: Record<string, unknown>): Promise<unknown[]>
  /** Octokit's typed REST methods (`rest.issues.get`, …). */
  readonly rest: Readonly<
    Record<
      string,
      Readonly<
        Record<string, (parameters?: Record<string, unknown>) => Promise<{ status: number; data: unknown }>>
      >
    >
  >
}

/** `Value` for the kinds among `With`, undefined for others; both when the subject is not said in code. */
type AboutOf<Kind extends SubjectKind, With extends SubjectKind, Value> = Kind extends With
  ? Value
  : undefined

/** What a helper of a handler with this `subject` takes. */
export type ContextOf<Kind extends SubjectKind, Config = unknown, Input = unknown> = ModuleContext<
  Config,
  Input,
  Readonly<Record<string, unknown>>,
  Kind
>

/** ModuleContext: all that a handler is given. Every outside call goes through the broker. */
export interface ModuleContext<
  Config = unknown,
  Input = unknown,
  Data = Readonly<Record<string, unknown>>,
  Kind extends SubjectKind = SubjectKind,
> {
  /** `attempt` begins at 1. */
  readonly run: { readonly id: string; readonly module: string; readonly attempt: number }
  /** Why this run exists. */
  readonly trigger: Trigger<Data>
  /** Of an invoke: its `input`, as the schema gives it. */
  readonly input: Input
  /** `modules.NAME.config`, as the schema gives it. */
  readonly config: Config
  /** `owner/repo#42`, `owner/repo@branch`, `owner/repo` or `-`; in lower case but for the branch. */
  readonly entity: string
  /** Names of the users who hear of the outcome. */
  readonly recipients: readonly string[]
  /** Kept per module and entity; null before the first `done(summary, { state })`. */
  readonly state: unknown
  /** What the run is about, by the module's `subject`; the others are undefined. */
  readonly pr: AboutOf<Kind, 'pull_request', PullRequest>
  readonly issue: AboutOf<Kind, 'issue', Issue>
  /** The repository of any subject; undefined with `subject: none`. */
  readonly repo: AboutOf<Kind, 'pull_request' | 'issue' | 'repository', Repository>
  /** An Octokit for the run's repository: reads inside it, writes as far as `may` goes. */
  readonly github: GitHubClient
  /**
   * The standard's fetch, to the hosts of the manifest's `needs.network` that `modules.NAME.allow` grants as well. The
   * service makes the request: with the headers given here and none of its own credentials. At most 1 MiB goes out and
   * 8 MiB come back, in 30 s, redirects included. Without a grant it throws PermanentError `missing_grant`; an answer
   * of 4xx or 5xx is an answer.
   */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>
  /**
   * Asks the agent that the installation has. @throws an error whose `reason` is `agent_…` (tried again where that may
   * help) or `budget`, which ends the run as skipped.
   */
  readonly agent: { run(request: AgentRequest): Promise<AgentAnswer> }
  /** Adds to the `details` of the run's journal file; at most 1 MiB of JSON in all. */
  readonly journal: { record(data: Readonly<Record<string, unknown>>): void }
  /**
   * Runs `fn` at most once per run, also across retries and crashes; later calls get its stored result (JSON).
   * @throws PermanentError `once_interrupted` when a crash cut an earlier try short; what `fn` throws, and then it may
   * run again.
   */
  once<T>(key: string, fn: () => T | Promise<T>): Promise<T>
  /** A message to the recipients, at once. The same text is sent once per run; at most 20 messages. */
  notify(text: string): Promise<void>
  /** Starts a run of another module on the same entity; at most 10. @throws PermanentError unknown_module, module_disabled, invoke_disabled, invoke_depth, invalid_input */
  invoke(module: string, input?: unknown): Promise<{ run_id: string }>
  /** Aborts on timeout, cancellation and shutdown. */
  readonly signal: AbortSignal
  /** Goes to the service's log, with the run's id. */
  readonly log: Logger
}
