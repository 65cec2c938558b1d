// The review as the one comment that people see. The model's words are cleaned; ours frame them.
import { cleanMarkdown, type AgentAnswer, type KnownNames } from '@hookyard/sdk'
import { HEADER, type ReviewContext } from './context.ts'
import { count, SEVERITIES, tally, type Finding, type Review, type Severity } from './findings.ts'

/** GitHub takes 65,536; the marker and the frame need some of it. */
const MAX_CHARS = 60_000

const HEADINGS: Readonly<Record<Severity, string>> = {
  critical: '### Critical',
  warning: '### Warnings',
  suggestion: '### Suggestions',
}

/** The comment's whole text. */
export function renderReview(review: Review, context: ReviewContext, answer: AgentAnswer): string {
  const { pr, known } = context
  const head = pr.head.sha.slice(0, 7)
  const result =
    review.findings.length === 0
      ? 'no findings; what earlier reviews named is resolved'
      : tally(review.findings)
  const top = [HEADER, `Commit \`${head}\`: ${result}.`, cleanText(review.summary, 1_500, known)]
  const bottom = [...notes(review, context, known), footer(answer)]
  const blocks: string[] = []
  let room = MAX_CHARS - [...top, ...bottom].join('\n\n').length
  let shown = 0
  for (const severity of SEVERITIES) {
    const group = review.findings.filter((finding) => finding.severity === severity)
    const rendered = group.map((finding) => renderFinding(finding, context))
    for (const [index, block] of rendered.entries()) {
      const text = index === 0 ? `${HEADINGS[severity]}\n\n${block}` : block
      room -= text.length + 2
      if (room < 0) continue
      blocks.push(text)
      shown++
    }
  }
  const cut = review.findings.length - shown
  const tooLong = cut === 0 ? [] : [`_${count(cut, 'more finding')} did not fit into a comment._`]
  return [...top, ...blocks, ...tooLong, ...bottom].filter((block) => block !== '').join('\n\n')
}

function renderFinding(finding: Finding, context: ReviewContext): string {
  const { known } = context
  const mend = cleanText(finding.mend, 2_000, known)
  return [
    `**${cleanLine(finding.title, known)}** · ${place(finding, context)}`,
    cleanText(finding.why, 1_500, known),
    // Several lines may begin with a code fence, which is one at the start of a line alone.
    mend.includes('\n') ? `**Mend:**\n\n${mend}` : `**Mend:** ${mend}`,
  ].join('\n\n')
}

/** The place as a link to the very commit that was read, so that it stays right after further pushes. */
function place({ file, line }: Finding, { pr, known }: ReviewContext): string {
  const label = code(line === null ? file : `${file}:${line}`, known)
  const base = /^https?:\/\/[^/]+\/[^/]+\/[^/]+(?=\/pull\/\d+)/.exec(pr.html_url)?.[0]
  if (base === undefined) return label
  const path = file.split('/').map(encodeSegment).join('/')
  return `[${label}](${base}/blob/${pr.head.sha}/${path}${line === null ? '' : `#L${line}`})`
}

const encodeSegment = (segment: string): string =>
  encodeURIComponent(segment.toWellFormed()).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )

function notes(review: Review, { diff, unread }: ReviewContext, known: KnownNames): string[] {
  const told: string[] = []
  if (review.notShown > 0)
    told.push(`${count(review.notShown, 'lesser finding')} ${isOrAre(review.notShown)} not shown.`)
  if (diff.cutFile !== null)
    told.push(`The diff is long: of ${code(diff.cutFile, known)} only the beginning was read.`)
  if (diff.leftOut.length > 0) {
    const named = diff.leftOut.slice(0, 20).map((file) => code(file, known))
    const more = diff.leftOut.length > named.length ? ` and ${diff.leftOut.length - named.length} more` : ''
    told.push(`The diff is long: not read were ${named.join(', ')}${more}.`)
  }
  if (unread.length > 0) told.push(`Could not be read: ${unread.join(', ')}.`)
  return told.length === 0 ? [] : [told.map((note) => `_${note}_`).join('\n')]
}

const isOrAre = (n: number): string => (n === 1 ? 'is' : 'are')

const footer = (answer: AgentAnswer): string =>
  answer.backend === 'offline'
    ? '<sub>Found by rules, without an AI. A later push updates this comment.</sub>'
    : `<sub>Written by an AI (${(answer.model ?? answer.backend).replace(/[^\w .:-]/g, '')}); it can be wrong. A later push updates this comment.</sub>`

const cleanText = (text: string, maxChars: number, known: KnownNames): string =>
  cleanMarkdown(text.length > maxChars ? `${text.slice(0, maxChars)} …` : text, known).trim()

const cleanLine = (text: string, known: KnownNames): string =>
  cleanText(text.replace(/\s+/g, ' ').replace(/^(?:[#>\s*-]|`{3,}|~{3,})+/, ''), 200, known)

/** A path in backticks, whatever characters its author gave it. */
const code = (text: string, known: KnownNames): string =>
  cleanMarkdown(`\`${text.replace(/[`\s]+/g, ' ').slice(0, 250)}\``, known)
