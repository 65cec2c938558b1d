// Why a resumed run exists: an answer, and behind it what caused the run at first.
import type { RunTrigger } from '../../store.ts'

export interface Resumption {
  readonly answer: string
  /** Who answered: a user's name; null when the question's time was up. */
  readonly by: string | null
  readonly question: string
  readonly state: unknown
  /** ms since the epoch */
  readonly at: number
}

/** The trigger `resume`; its `data.original` stays the first trigger, however often the run has asked. */
export function resumeTrigger(before: RunTrigger, resumption: Resumption): RunTrigger {
  const { answer, by, question, state, at } = resumption
  const original = originalTrigger(before)
  return {
    type: 'resume',
    event: original.event,
    action: original.action,
    by,
    at: new Date(at).toISOString(),
    data: { answer, by, question, state: state ?? null, original },
  }
}

/** What caused the run at first. */
export function originalTrigger(trigger: RunTrigger): RunTrigger {
  const original = trigger.type === 'resume' ? trigger.data?.['original'] : undefined
  return original === undefined ? trigger : (original as RunTrigger)
}
