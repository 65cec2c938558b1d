// The words of asking: a paused run has one open question; all that it asked stay with it.

/** One answer that is offered; people see the label, the handler gets the value. */
export interface QuestionChoice {
  readonly value: string
  readonly label: string
}

/** What a run asks when it pauses. */
export interface NewQuestion {
  readonly text: string
  /** Empty: any text answers. */
  readonly options: readonly QuestionChoice[]
  /** What is taken when nobody answers in time; null: the run then ends. */
  readonly fallback: string | null
  readonly askedAt: number
  /** null: it waits for as long as it takes. */
  readonly expiresAt: number | null
  /** What the handler gets back as `ctx.state`; null: what is kept for the entity. */
  readonly state: unknown
}

/** `expired`: its time was up; `withdrawn`: its run was cancelled. */
export type QuestionStatus = 'open' | 'answered' | 'expired' | 'withdrawn'

/** A question of a run, with what became of it. */
export interface Question extends Omit<NewQuestion, 'state'> {
  /** 1 for the first that the run asked. */
  readonly ordinal: number
  readonly status: QuestionStatus
  /** null while it is open, and for one that nothing answered. */
  readonly answer: string | null
  /** Who answered: a user's name; null when time did. */
  readonly answeredBy: string | null
  /** Where: `api`, `telegram` … */
  readonly answeredVia: string | null
  readonly closedAt: number | null
}

/** An answer that was found to be one. */
export interface GivenAnswer {
  readonly runId: string
  readonly ordinal: number
  readonly answer: string
  readonly by: string
  readonly via: string
  readonly at: number
}
