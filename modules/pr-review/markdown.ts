// Small pieces of text for the page: the agent's words as lines, counts, places.
import { toLine, type PullRequest } from '@hookyard/sdk'
import type { Severity } from './findings.ts'

/** `1 file`, `2 files`. */
export const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`

/** `no findings`, `1 finding`, `2 findings (1 critical)`. */
export function tally(findings: readonly { readonly severity: Severity }[]): string {
  if (findings.length === 0) return 'no findings'
  const critical = findings.filter(({ severity }) => severity === 'critical').length
  return `${count(findings.length, 'finding')}${critical > 0 ? ` (${critical} critical)` : ''}`
}

/** One line of the agent's text that starts no block. */
export const line = (text: string): string => toLine(text, 200)

/** A path in backticks, whatever characters its author gave it. */
export const code = (text: string): string => `\`${text.replace(/[`\s]+/g, ' ').slice(0, 250)}\``

/** `src/a.ts:2` as a link to the very commit that was read, so that it stays right after further pushes. */
export function placeLink(
  pr: PullRequest,
  { file, line, inDiff }: { readonly file: string; readonly line: number | null; readonly inDiff: boolean },
): string {
  const label = code(line === null ? file : `${file}:${line}`)
  const base = /^https?:\/\/[^/]+\/[^/]+\/[^/]+(?=\/pull\/\d+)/.exec(pr.html_url)?.[0]
  if (base === undefined || !inDiff) return label
  const path = file.split('/').map(encodeSegment).join('/')
  return `[${label}](${base}/blob/${pr.head.sha}/${path}${line === null ? '' : `#L${line}`})`
}

const encodeSegment = (segment: string): string =>
  encodeURIComponent(segment.toWellFormed()).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )

/** A link to something on GitHub of which GitHub itself told the address. */
export const linkTo = (label: string, url: string): string => `[${label}](${url.replace(/[()<>\s]/g, '')})`
