// Which finding is which, across pushes: by the file, the code that it is about, and its title. Lines move, so numbers
// do not count; neither do white space and how a title is spelled.
import type { DiffFile } from '@hookyard/sdk'
import type { Finding } from './findings.ts'

/** The id that a comment carries: 12 hexadecimal digits. */
export const FINDING_ID = /^[0-9a-f]{12}$/

export interface Identified extends Finding {
  readonly id: string
  /** The normalised code; empty when it has no place. */
  readonly code: string
}

/** Fewer letters and digits than this (`}`) could be anywhere: the neighbours count too. */
const MIN_SUBSTANCE = 8
const MAX_CODE_CHARS = 600

/** Gives each finding its id; two alike findings in one file get two. */
export async function identify(
  findings: readonly Finding[],
  files: ReadonlyMap<string, DiffFile>,
): Promise<Identified[]> {
  const times = new Map<string, number>()
  const identified: Identified[] = []
  for (const finding of findings) {
    const code = codeOf(finding, files.get(finding.file))
    const facts = JSON.stringify([finding.file, code, plainTitle(finding.title)])
    const nth = (times.get(facts) ?? 0) + 1
    times.set(facts, nth)
    identified.push({ ...finding, code, id: await hash(nth === 1 ? facts : `${facts} ${nth}`) })
  }
  return identified
}

/** The title's words without numbers: `Line 12: no check` and `no check (line 14)` are not told apart by them. */
export const plainTitle = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .replace(/\d+/g, '#')
    .trim()

/** Whether two titles share more than half of their words. */
export function alikeTitles(a: string, b: string): boolean {
  const [first, second] = [new Set(plainTitle(a).split(' ')), new Set(plainTitle(b).split(' '))]
  const shared = [...first].filter((word) => second.has(word)).length
  return shared * 2 > Math.min(first.size, second.size)
}

/** Whether the new version of a file still shows that code. */
export function showsCode(file: DiffFile | undefined, code: string): boolean {
  if (file === undefined || code === '') return false
  const shown = `\n${file.lines.map(({ text }) => normal(text)).join('\n')}\n`
  return shown.includes(`\n${code}${code.length < MAX_CODE_CHARS ? '\n' : ''}`)
}

function codeOf({ place }: Finding, file: DiffFile | undefined): string {
  if (place === null || file === undefined) return ''
  const own = place.lines.map(({ text }) => normal(text)).join('\n')
  if (own.replace(/[^\p{L}\p{N}]/gu, '').length >= MIN_SUBSTANCE) return own.slice(0, MAX_CODE_CHARS)
  const [from, to] = [(place.start ?? place.line) - 1, place.line + 1]
  const hunk = place.lines[0]?.hunk
  return file.lines
    .filter((line) => line.hunk === hunk && line.line >= from && line.line <= to)
    .map(({ text }) => normal(text))
    .join('\n')
    .slice(0, MAX_CODE_CHARS)
}

const normal = (text: string): string => text.replace(/\s+/g, ' ').trim()

/** 12 hexadecimal digits, not to be forged: code that got a dismissed finding's id would never be commented on. */
export async function hash(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Buffer.from(digest).toString('hex').slice(0, 12)
}
