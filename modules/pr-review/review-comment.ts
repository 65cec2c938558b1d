// The one comment that people find at the top: what is open, what is fixed, what was not looked at.
import { toBlock, settingsNote } from '@hookyard/sdk'
import type { Review } from './ask.ts'
import type { Change } from './change.ts'
import { SEVERITIES } from './findings.ts'
import { HEADER, type Material } from './gather.ts'
import { explanation, SEVERITY_NAMES } from './inline-comments.ts'
import type { Open, Plan } from './plan.ts'
import type { Settings } from './settings.ts'
import { code, count, line, linkTo, placeLink, tally } from './markdown.ts'

/** GitHub takes 65,536; the marker and the frame need some of it. */
const MAX_CHARS = 60_000
const MAX_SUMMARY = 1_500
const MAX_PATHS = 20

export interface Told {
  readonly review: Review
  readonly plan: Plan
  readonly material: Material
  readonly change: Change
  readonly settings: Settings
  /** Ids that are on a line: their text is there. */
  readonly onLine: ReadonlySet<string>
}

/** The comment's whole text. */
export function renderSummary(told: Told): string {
  const { review, plan, material, settings } = told
  const { pr } = material
  const top = [
    HEADER,
    `Commit \`${pr.head.sha.slice(0, 7)}\`: ${result(plan)}.`,
    ...review.summaries.map((summary) => toBlock(summary, MAX_SUMMARY)),
  ]
  const bottom = [...fixedBlock(plan), ...notes(told), ...settingsProblems(settings), footer(review)]
  const blocks: string[] = []
  let room = MAX_CHARS - [...top, ...bottom].join('\n\n').length
  let shown = 0
  for (const severity of SEVERITIES) {
    const group = plan.open.filter((one) => one.severity === severity)
    for (const [index, one] of group.entries()) {
      const block = openBlock(one, told)
      const text = index === 0 ? `### ${SEVERITY_NAMES[severity]}\n\n${block}` : block
      room -= text.length + 2
      if (room < 0) continue
      blocks.push(text)
      shown += 1
    }
  }
  const cut = plan.open.length - shown
  const tooLong = cut === 0 ? [] : [`_${count(cut, 'more finding')} did not fit into a comment._`]
  return [...top, ...blocks, ...tooLong, ...bottom].filter((block) => block !== '').join('\n\n')
}

/** `2 findings (1 critical); 1 new, 1 fixed`. */
export function result({ open, fixed, quiet }: Plan): string {
  const fresh = open.filter(({ before }) => before === null).length
  const changes = [
    ...(fresh > 0 && fresh < open.length ? [`${fresh} new`] : []),
    ...(fixed.length > 0 ? [`${fixed.length} fixed`] : []),
    ...(quiet > 0 ? [`${quiet} dismissed before and not repeated`] : []),
  ]
  return [tally(open), ...(changes.length > 0 ? [changes.join(', ')] : [])].join('; ')
}

/** One line for what is on a line of the diff, the whole text for what is nowhere else. */
function openBlock({ id, title, file, finding, before }: Open, { material, change, onLine }: Told): string {
  const { pr } = material
  const at = finding?.place?.line ?? (finding === null ? (before?.thread?.line ?? null) : finding.line)
  const shown = change.all.get(file)?.lines.some((known) => known.line === at) === true ? at : null
  const where = placeLink(pr, { file, line: shown ?? at, inDiff: change.all.has(file) })
  const url = before?.thread?.comments[0]?.html_url
  const state = finding === null ? ' · open since an earlier commit' : ''
  const head = `**${line(title)}** · ${where}${url === undefined ? '' : ` · ${linkTo('comment', url)}`}${state}`
  if (onLine.has(id) || finding === null) return `- ${head}`
  return [head, ...explanation(finding)].join('\n\n')
}

function fixedBlock({ fixed }: Plan): string[] {
  if (fixed.length === 0) return []
  const titles = fixed.slice(0, 10).map(({ title }) => line(title) || 'an earlier finding')
  const more = fixed.length > titles.length ? ` and ${fixed.length - titles.length} more` : ''
  return [`_Fixed: ${titles.join(' · ')}${more}._`]
}

/** What the reader must not take for reviewed. */
function notes({ review, plan, material, change }: Told): string[] {
  const paths = (list: readonly string[]) => {
    const named = list.slice(0, MAX_PATHS).map((path) => code(path))
    return `${named.join(', ')}${list.length > named.length ? ` and ${list.length - named.length} more` : ''}`
  }
  const told = [
    ...(plan.notShown > 0
      ? [`${count(plan.notShown, 'lesser finding')} ${plan.notShown === 1 ? 'is' : 'are'} not shown.`]
      : []),
    ...(change.parts.length > 1 ? [`The diff is long and was read in ${change.parts.length} parts.`] : []),
    ...(change.tooLong.length > 0 ? [`Too long to be read whole: ${paths(change.tooLong)}.`] : []),
    ...(review.unasked.length > 0
      ? [`Not read, because the budget was spent: ${paths(review.unasked)}.`]
      : []),
    ...(change.ignored.length > 0
      ? [`Left out by configuration: ${count(change.ignored.length, 'file')}.`]
      : []),
    ...(material.unread.length > 0 ? [`Could not be read: ${paths(material.unread)}.`] : []),
  ]
  return told.length === 0 ? [] : [told.map((note) => `_${note}_`).join('\n')]
}

/** The file belongs to the people of the repository: told where they look, and once. */
export const settingsProblems = ({ file }: Pick<Settings, 'file'>): string[] =>
  [settingsNote(file.problems)].filter((note) => note !== null)

const footer = ({ backend, model }: Review): string =>
  backend === 'offline'
    ? '_Found by rules, without an AI. Later pushes update this comment; `/review pause` stops that._'
    : `_Written by an AI (${(model ?? backend).replace(/[^\w .:-]/g, '')}); it can be wrong. Later pushes update this comment; \`/review pause\` stops that._`
