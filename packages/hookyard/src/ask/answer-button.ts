// What a button under a question carries: which question of which run, and which option. At most 64 bytes, as
// the Bot API wants it; so the option goes by its place, not by its text.

export interface ButtonAnswer {
  readonly runId: string
  /** The question's ordinal: a button under an older question never answers a newer one. */
  readonly question: number
  /** The option's place, from 0. */
  readonly option: number
}

const DATA = /^answer:([0-9a-z-]{1,40}):([1-9]\d{0,5}):(\d{1,2})$/

/** The data of a button. */
export function buttonData({ runId, question, option }: ButtonAnswer): string {
  return `answer:${runId}:${question}:${option}`
}

/** What a pressed button means; null when it is none of a question's. */
export function readButton(data: string): ButtonAnswer | null {
  const [, runId, question, option] = DATA.exec(data) ?? []
  if (runId === undefined) return null
  return { runId, question: Number(question), option: Number(option) }
}
