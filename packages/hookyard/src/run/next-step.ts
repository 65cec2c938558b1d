import { oneLine } from '../send/untrusted-text.ts'

/** By reason, where the error's own words tell what happened and not what to do. */
const STEPS: Readonly<Record<string, string>> = {
  agent_malformed: 'Start the run again, or take a stronger agent.model.',
  github_limited: 'Start the run again when the limit has passed.',
  github_unavailable: 'Start the run again when GitHub answers.',
}

/** Room for the step within a notice, in code points. */
const MAX_ERROR = 800

/** The error for people, with what they can do next when it does not say so itself. */
export function withNextStep(error: string, reason: string): string {
  const step = Object.hasOwn(STEPS, reason) ? STEPS[reason] : undefined
  const told = oneLine(error, MAX_ERROR)
  return step === undefined ? told : `${told}${/[.!?]$/.test(told) ? '' : '.'} ${step}`
}
