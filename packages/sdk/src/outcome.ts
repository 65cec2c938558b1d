/** One button of a question. */
export interface QuestionOption {
  /** What the handler gets. */
  readonly value: string
  /** What people see. */
  readonly label?: string
}

/** How a question may be answered; see docs/asking.md. */
export interface PausedOptions<State = unknown> {
  /** At most 20; without them any text answers. */
  readonly options?: readonly (string | QuestionOption)[]
  /** Duration (`2h`) or seconds after which `default` is taken. */
  readonly expires?: string | number
  /** The answer when the time is up; without it the run ends as `skipped: expired`. */
  readonly default?: string
  /** What `ctx.state` is when the run goes on. */
  readonly state?: State
}

/** What a handler returns. Throwing instead means: try again by the manifest's policy. */
export type Outcome =
  | {
      readonly status: 'done'
      readonly summary: string
      readonly details?: unknown
      readonly state?: unknown
    }
  | {
      readonly status: 'failed'
      readonly summary: string
      readonly reason?: string
      readonly details?: unknown
    }
  | { readonly status: 'skipped'; readonly reason: string; readonly details?: unknown }
  | ({ readonly status: 'paused'; readonly question: string } & PausedOptions)

/** The handler's result by its full name; `Outcome` is the word everywhere else. */
export type ModuleResult = Outcome

/** The work is done; `summary` is the message to the recipients, `state` replaces what is kept per entity. */
export const done = (summary: string, more: { details?: unknown; state?: unknown } = {}): Outcome => ({
  status: 'done',
  summary,
  ...more,
})

/** The work failed for good: no retry; `summary` is the message to the recipients. */
export const failed = (summary: string, more: { reason?: string; details?: unknown } = {}): Outcome => ({
  status: 'failed',
  summary,
  ...more,
})

/** Nothing to do; nobody is told. `reason` is a word or sentence kept with the run, at most 1,000 characters. */
export const skipped = (reason: string, more: { details?: unknown } = {}): Outcome => ({
  status: 'skipped',
  reason,
  ...more,
})

/** Ask the recipients and end; the answer starts the same run again with `trigger.type === 'resume'`. */
export const paused = (question: string, more: PausedOptions = {}): Outcome => ({
  status: 'paused',
  question,
  ...more,
})
