import type { AgentRequest } from '@hookyard/sdk'
import type { TriageContext } from './context.ts'
import type { Settings } from './settings.ts'

/**
 * Wide on purpose: a single field of the wrong type is no reason to lose a triage, so types are told in words and
 * normalise.ts brings them in order. Only an answer without a summary is none.
 */
export const TRIAGE_SCHEMA = {
  type: 'object',
  required: ['summary'],
  properties: {
    labels: {
      description: 'List of label names, from the labels of the repository; several are fine, none is fine',
    },
    duplicate_of: {
      description: 'Number of the issue that is clearly the same problem in the same context, or null',
    },
    related: { description: 'List of issue numbers that a maintainer should know of' },
    project: { description: 'Title of a project from the list of projects, or null' },
    summary: { type: 'string', description: 'One or two sentences: what is wanted or wrong' },
    priority: { description: 'One of low, medium, high, critical' },
    status: { description: 'One of ready, needs_info, wontfix_candidate, blocked' },
    next_action: { description: 'One sentence for the maintainer' },
    missing_info: { description: 'List of questions to the reporter; empty unless the status is needs_info' },
    blocked_by: { description: 'When blocked: issue number, or a short text; else null' },
  },
} as const

const INSTRUCTIONS = `Triage an issue of a repository. You get its title, body, author and labels, what was said below it, the labels that the
repository has, and issues that a search found, each in a box of its own; a box that is missing was empty.

Answer as a JSON object with these fields:
- labels: what fits, by the names in the box "labels of the repository" and no others. Usual ones are bug, enhancement,
  documentation, question and good first issue. Several are allowed.
- duplicate_of: a number from the related issues, only if it is clearly the same problem in the same context. Else null.
- related: numbers from the related issues that help to understand this one.
- project: the title of a project from the list of projects at the end, only on a clear match; without a list null.
- summary: one or two sentences in your own words.
- priority: critical (data loss, security, nobody can work), high, medium or low.
- status: ready (can be worked on), needs_info (questions must be answered first), wontfix_candidate (a suggestion to the
  maintainer, no verdict), blocked (waits for something named in blocked_by).
- next_action: one sentence for the maintainer. You close, assign and promise nothing, and do not claim to.
- missing_info: the questions to the reporter when the status is needs_info; ask only for what is really missing.
- blocked_by: an issue number or a short text when the status is blocked. Else null.

Write plain sentences without headings, images, HTML or mentions of people.`

/** The question to the agent: instructions of ours and of the maintainers alone, everything else as outside text. */
export function triageRequest(
  { issue, labels, related, outside }: TriageContext,
  {
    allowedProjects,
    language,
    instructions,
  }: Pick<Settings, 'allowedProjects' | 'language' | 'instructions'>,
): AgentRequest {
  const more = [
    ...(allowedProjects.length === 0 ? [] : [`Projects:\n${listed(allowedProjects)}`]),
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
    schema: TRIAGE_SCHEMA,
    task: {
      kind: 'triage',
      title: issue.title,
      body: issue.body ?? '',
      labels: labels.map((label) => label.name),
      candidates: related.map(({ number, title }) => ({ number, title })),
    },
  }
}

const listed = (titles: readonly string[]): string =>
  titles.map((title) => `- ${title.replace(/\s+/g, ' ')}`).join('\n')

const quoted = (text: string): string =>
  text
    .split('\n')
    .map((line) => `> ${line}`)
    .join('\n')
