import type { AgentRequest } from '@hookyard/sdk'
import type { ReviewContext } from './context.ts'
import { count } from './findings.ts'

/** What a review looks like. Nothing is required that a good review might not have, except the line, which may be null. */
export const REVIEW_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['summary', 'findings'],
  properties: {
    summary: { type: 'string', description: 'One to three sentences: what the change does and how it looks' },
    findings: {
      type: 'array',
      description: 'The gravest first; empty when there is nothing to mend',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['file', 'line', 'severity', 'title', 'why', 'mend'],
        properties: {
          file: { type: 'string', description: 'Path as in the diff, without a/ or b/' },
          line: { type: ['integer', 'null'], description: 'Line number in the new version, or null' },
          severity: { enum: ['critical', 'warning', 'suggestion'] },
          title: { type: 'string', description: 'One line, at most 80 characters' },
          why: { type: 'string', description: 'What goes wrong, when, and how' },
          mend: { type: 'string', description: 'What to change; code if it is short' },
        },
      },
    },
  },
} as const

const INSTRUCTIONS = `Review a pull request. You get its title, description, commits and diff, the project's conventions, and what was
said in the thread so far, each in a box of its own; a box that is missing was empty.

Look for, in this order:
1. bugs: wrong logic, broken edge cases, races, errors that nobody handles, data that gets lost;
2. security: injection, missing checks of rights, secrets, unsafe handling of outside data;
3. breaks of the project's conventions, when a conventions box is there;
4. what makes the change hard to understand or to test.

Severity: critical = it must not be merged like this; warning = it will hurt someone; suggestion = better, but optional.

Rules:
- Report what the diff shows. Do not guess about code that you cannot see; say in the summary what you could not judge.
- Name the file and the line in the new version. A finding without a place in the diff will be dropped.
- Every finding says what goes wrong in which case, and how to mend it. No praise, no restating of the diff.
- A short list of real problems beats a long one. If there is nothing to mend, give an empty list.
- Your earlier review, when there is one, will be replaced by this one as a whole: repeat what still holds, leave out
  what is resolved. What people in the thread rejected with a reason is not raised again, unless the code changed.
- Write plain Markdown without headings, images, HTML or mentions of people.`

/** The question to the agent: instructions of ours alone, everything else as outside text. */
export function reviewRequest(context: ReviewContext): AgentRequest {
  const { diff, unread, outside } = context
  const notes = [
    ...(diff.leftOut.length > 0
      ? [
          `The diff was too long: ${count(diff.leftOut.length, 'file')} ${diff.leftOut.length === 1 ? 'is' : 'are'} left out of it. Say so in the summary.`,
        ]
      : []),
    ...(diff.cutFile === null ? [] : ['The diff is cut off within its only file. Say so in the summary.']),
    ...unread.map((what) => `The ${what} could not be read.`),
  ]
  return {
    prompt: [INSTRUCTIONS, ...notes].join('\n\n'),
    untrusted: outside,
    schema: REVIEW_SCHEMA,
    task: { kind: 'review', diff: diff.text },
  }
}
