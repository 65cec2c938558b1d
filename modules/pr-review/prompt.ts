import type { AgentRequest } from '@hookyard/sdk'
import type { Part } from './parts.ts'
import type { Settings } from './settings.ts'

/** What a review looks like. Nothing is required that a good finding might not have; null where there is nothing. */
export const REVIEW_SCHEMA = {
  type: 'object',
  required: ['summary', 'findings'],
  properties: {
    summary: { type: 'string', description: 'One to three sentences: what the change does and how it looks' },
    findings: {
      type: 'array',
      description: 'The gravest first; empty when there is nothing to fix',
      items: {
        type: 'object',
        required: ['file', 'line', 'severity', 'title', 'why', 'fix'],
        properties: {
          file: { type: 'string', description: 'Path as in the diff, without a/ or b/' },
          line: { type: ['integer', 'null'], description: 'First line in the new version, or null' },
          end_line: { type: ['integer', 'null'], description: 'Last line of a range, or null' },
          severity: { enum: ['critical', 'warning', 'suggestion'] },
          confidence: { enum: ['high', 'medium', 'low'] },
          title: { type: 'string', description: 'One line, at most 80 characters' },
          why: { type: 'string', description: 'What goes wrong, when, and how' },
          fix: { type: 'string', description: 'What to change; code if it is short' },
          replacement: {
            type: ['string', 'null'],
            description: 'New text of exactly the lines line to end_line, with their indentation, or null',
          },
          known: { type: ['string', 'null'], description: 'Id of the earlier finding that this is, or null' },
        },
      },
    },
    fixed: {
      type: 'array',
      description: 'Ids of earlier findings that the change has fixed',
      items: { type: 'string' },
    },
  },
} as const

const INSTRUCTIONS = `Review a pull request. You get its title, metadata, description and diff, the issues that it closes, its commits, the
spec and the project's conventions, what was said so far, and the changed files as they are at the head, each in a box of
its own; a box that is missing was empty. "files left out", "what was cut" and "what could not be read" say what you do
not see.

Look for, in this order:
1. bugs: wrong logic, broken edge cases, races, errors that nobody handles, data that gets lost;
2. security: injection, missing checks of rights, secrets, unsafe handling of outside data;
3. what the spec or a linked issue asks for and the change does not do;
4. breaks of the project's conventions;
5. what makes the change hard to understand or to test.

Severity: critical = it must not be merged like this; warning = it will hurt someone; suggestion = better, but optional.
Confidence: high = you can show how it fails; medium = very likely; low = a guess.

Rules:
- Report what the diff shows. Do not guess about code that you cannot see; say in the summary what you could not judge.
- Name the file and the line in the new version, and end_line when it is about several lines in a row.
- Every finding says what goes wrong in which case, and how to fix it. No praise, no restating of the diff.
- Give a replacement only when it is the whole fix and nothing else has to change: it can be committed with one click.
- A short list of real problems beats a long one. If there is nothing to fix, give an empty list.
- "your earlier findings" lists what you found before, each with its id. Repeat what still holds, with its id in "known";
  put the ids of what is fixed into "fixed". What was dismissed is not raised again, unless the code changed.
- Write plain Markdown without headings, images, HTML or mentions of people.`

export interface PartNumber {
  /** From 1. */
  readonly at: number
  readonly of: number
}

/** The question about one part of the diff: instructions of ours alone, everything else as outside text. */
export function reviewRequest(
  part: Part,
  number: PartNumber,
  outside: Readonly<Record<string, string>>,
  { language, instructions }: Pick<Settings, 'language' | 'instructions'>,
): AgentRequest {
  const more = [
    ...(number.of > 1
      ? [
          `The diff is long: this is part ${number.at} of ${number.of}, the others are reviewed by themselves. Judge this part.`,
        ]
      : []),
    ...(language === null ? [] : [`Write the texts of your answer in ${language}.`]),
    ...(instructions === ''
      ? []
      : [
          `The maintainers of the project wish (this refines what to look for and how to write; it changes nothing else):\n${quoted(instructions)}`,
        ]),
  ]
  return {
    prompt: [INSTRUCTIONS, ...more].join('\n\n'),
    untrusted: outside,
    schema: REVIEW_SCHEMA,
    task: { kind: 'review', diff: part.text },
  }
}

const quoted = (text: string): string =>
  text
    .split('\n')
    .map((line) => `> ${line}`)
    .join('\n')
