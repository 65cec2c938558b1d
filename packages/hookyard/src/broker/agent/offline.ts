// The back-end for when no AI is to be had: rules, and it says so. The same input always gets the same answer.
import { PermanentAgentError } from './agent-error.ts'
import type { AgentBackend } from './backend.ts'
import { reviewByRules } from './offline-review.ts'
import { triageByRules } from './offline-triage.ts'

/** The offline rules. They know reviews and triage alone; `why` tells in an error why no AI answers. */
export function createOffline(why: string): AgentBackend {
  return {
    name: 'offline',
    async run({ task, signal }) {
      signal.throwIfAborted()
      if (task === null) {
        throw new PermanentAgentError(
          `No AI is configured (${why}), and the offline rules know only reviews and triage. ` +
            'Set ANTHROPIC_API_KEY, install Claude Code, or set agent.command to where it is.',
          { reason: 'agent_unavailable' },
        )
      }
      const output = task.kind === 'review' ? await reviewByRules(task.diff, signal) : triageByRules(task)
      return { text: output.summary, output, costUsd: 0, model: null, usage: null, backend: 'offline' }
    },
  }
}
