// What the agent found, made certain: every field has its type, every place is one that the diff has, the gravest come
// first. Nothing here trusts the agent: it has read what strangers wrote.
import type { DiffFile } from '@hookyard/sdk'
import { placeIn, type Place } from './places.ts'

export type Severity = 'critical' | 'warning' | 'suggestion'
export type Confidence = 'high' | 'medium' | 'low'

export const SEVERITIES: readonly Severity[] = ['critical', 'warning', 'suggestion']
const CONFIDENCES: readonly Confidence[] = ['high', 'medium', 'low']

export interface Finding {
  readonly file: string
  /** Where to comment; null: nowhere in the diff, so it is told in the summary alone. */
  readonly place: Place | null
  /** As the agent named it, for the summary of a finding without a place. */
  readonly line: number | null
  readonly endLine: number | null
  readonly severity: Severity
  readonly confidence: Confidence
  readonly title: string
  readonly why: string
  readonly fix: string
  /** New text for exactly the lines of the place, unchecked; null without one. */
  readonly replacement: string | null
  /** The earlier finding that this is, as the agent says. */
  readonly known: string | null
}

/** One answer of the agent, read. */
export interface Answer {
  readonly summary: string
  readonly findings: readonly Finding[]
  /** Ids of earlier findings that it calls fixed. */
  readonly fixed: readonly string[]
  /** How many it gave that are none. */
  readonly unusable: number
}

/** No reviewer finds more; a model that does is not worth the time. */
const MAX_READ = 200

/** Reads any value as an answer; `files` are those that were reviewed, by path. */
export function readAnswer(output: unknown, files: ReadonlyMap<string, DiffFile>): Answer {
  const raw = object(output)
  const given = list(raw['findings']).slice(0, MAX_READ)
  const findings = given.flatMap((value) => readFinding(object(value), files) ?? [])
  return {
    summary: text(raw['summary']) ?? '',
    findings,
    fixed: list(raw['fixed']).filter((id) => typeof id === 'string'),
    unusable: given.length - findings.length,
  }
}

function readFinding(
  raw: Readonly<Record<string, unknown>>,
  files: ReadonlyMap<string, DiffFile>,
): Finding | null {
  const [title, why] = [text(raw['title']), text(raw['why'])]
  const path = text(raw['file'])
  if (title === null || path === null) return null
  const file = files.has(path) ? path : pathAsMeant(path, files)
  const line = lineNumber(raw['line'])
  const endLine = lineNumber(raw['end_line'])
  const place = line === null ? null : placeIn(files.get(file), line, endLine)
  const severity = SEVERITIES.find((known) => known === raw['severity']) ?? 'warning'
  return {
    ...{ file, place, line, endLine, severity, title, why: why ?? '' },
    // `mend`: an answer that was kept by ctx.once before the field was renamed.
    fix: text(raw['fix']) ?? text(raw['mend']) ?? '',
    confidence: CONFIDENCES.find((known) => known === raw['confidence']) ?? 'medium',
    replacement: typeof raw['replacement'] === 'string' ? raw['replacement'] : null,
    known: text(raw['known']),
  }
}

/** With the diff's prefix, or as git quotes unusual names: so the agent has seen them. */
function pathAsMeant(path: string, files: ReadonlyMap<string, DiffFile>): string {
  const plain = path.replace(/^"(.*)"$/, '$1').replace(/^(?:\.\/|[ab]\/)/, '')
  if (files.has(plain) || !plain.includes('\\')) return plain
  const quoted = [...files.values()].find(({ text }) => text.includes(`\n+++ "b/${plain}"`))
  return quoted?.file ?? plain
}

/** Of several answers one: in ranking order, each finding once, without guesses about taste. */
export function mergeFindings(answers: readonly Answer[], files: ReadonlyMap<string, DiffFile>): Finding[] {
  const order = new Map([...files.keys()].map((file, index) => [file, index]))
  const position = (file: string) => order.get(file) ?? order.size
  const ranked = answers
    .flatMap(({ findings }) => findings)
    .filter(({ severity, confidence }) => severity !== 'suggestion' || confidence !== 'low')
    .toSorted(
      (a, b) =>
        SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
        CONFIDENCES.indexOf(a.confidence) - CONFIDENCES.indexOf(b.confidence) ||
        position(a.file) - position(b.file) ||
        (a.line ?? 0) - (b.line ?? 0),
    )
  // Of the same finding twice the graver one stays.
  const seen = new Set<string>()
  return ranked.filter(({ file, line, title }) => {
    const key = JSON.stringify([file, line, title.toLowerCase().replace(/\s+/g, ' ')])
    return seen.has(key) ? false : Boolean(seen.add(key))
  })
}

const object = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

const text = (value: unknown): string | null =>
  typeof value === 'string' && value.trim() !== '' ? value.trim() : null

const lineNumber = (value: unknown): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null
