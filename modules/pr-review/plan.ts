// From what was found now and what was found before to what is done: pure, so that it can be tested by itself.
import type { DiffFile } from '@hookyard/sdk'
import { SEVERITIES } from './findings.ts'
import { alikeTitles, showsCode, type Identified } from './identity.ts'
import type { EarlierFinding } from './earlier-findings.ts'
import type { Remembered } from './memory.ts'

/** A finding that holds for the newest head. */
export interface Open {
  readonly id: string
  readonly severity: Remembered['severity']
  readonly title: string
  readonly file: string
  /** What was found now; null for one that nobody raised again though its code is unchanged. */
  readonly finding: Identified | null
  /** What it was before; null for a new one. */
  readonly before: EarlierFinding | null
}

export interface Plan {
  /** Ranked, at most as many as are shown. */
  readonly open: readonly Open[]
  /** Of these, the ones that go on a line and are on none yet. */
  readonly post: readonly Open[]
  readonly fixed: readonly EarlierFinding[]
  /** How many were found again that a maintainer has dismissed. */
  readonly quiet: number
  /** How many more there are than are shown. */
  readonly notShown: number
  /** Those that are neither open nor fixed now: kept as they are. */
  readonly settled: readonly EarlierFinding[]
}

export interface PlanInput {
  readonly findings: readonly Identified[]
  readonly known: readonly EarlierFinding[]
  /** Ids that the agent calls fixed. */
  readonly fixed: readonly string[]
  readonly files: ReadonlyMap<string, DiffFile>
  readonly maxFindings: number
}

/** Decides for every finding, old and new. */
export function planReview({ findings, known, fixed, files, maxFindings }: PlanInput): Plan {
  const { matched, quiet } = matchEarlier(findings, known)
  const again = new Set(matched.flatMap(({ before }) => before?.id ?? []))
  const before = known.filter(({ id, status }) => status === 'open' && !again.has(id))
  const gone = before.filter((one) => isFixed(one, fixed, files))
  // What was told in the summary alone and is not told again is just not told again.
  const standing = before.filter((one) => one.inline && !gone.includes(one))
  const all = [...matched, ...standing.map(toOpen)].toSorted(
    (a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity),
  )
  const open = all.slice(0, maxFindings)
  return {
    open,
    post: open.filter(({ finding, before: old }) => finding?.place != null && old?.inline !== true),
    fixed: gone,
    quiet,
    notShown: all.length - open.length,
    settled: known.filter(({ status }) => status !== 'open'),
  }
}

export interface Done {
  /** Ids whose thread was resolved, or whose comment says that it is fixed. */
  readonly resolved: ReadonlySet<string>
  /** Ids that are on a line now. */
  readonly posted: ReadonlySet<string>
}

/** What the next review is to know. What could not be resolved stays open, and is tried again then. */
export function remember(plan: Plan, { resolved, posted }: Done): Remembered[] {
  const unresolved = plan.fixed.filter(({ id, inline }) => inline && !resolved.has(id))
  return [
    ...plan.settled.map((one) => remembered(one, one.status)),
    ...plan.fixed.filter(({ id }) => resolved.has(id)).map((one) => remembered(one, 'fixed')),
    ...unresolved.map((one) => remembered(one, 'open')),
    ...plan.open.map((one) => rememberOpen(one, posted)),
  ]
}

/** Each finding with the earlier one that it is; those that were dismissed fall out. */
function matchEarlier(findings: readonly Identified[], known: readonly EarlierFinding[]) {
  const taken = new Set<string>()
  const matched: Open[] = []
  let quiet = 0
  for (const finding of findings) {
    const found = findEarlier(finding, known, taken)
    if (found?.status === 'dismissed') {
      quiet += 1
      continue
    }
    // What was fixed and is there again is new.
    const before = found?.status === 'open' ? found : null
    if (before !== null) taken.add(before.id)
    const { severity, title, file } = finding
    matched.push({ id: before?.id ?? finding.id, severity, title, file, finding, before })
  }
  return { matched, quiet }
}

function findEarlier(
  finding: Identified,
  known: readonly EarlierFinding[],
  taken: ReadonlySet<string>,
): EarlierFinding | undefined {
  const free = known.filter(({ id, file }) => file === finding.file && !taken.has(id))
  return (
    free.find(({ id }) => id === finding.id) ??
    free.find(({ id }) => id === finding.known) ??
    free.find(({ code, title }) => code !== '' && code === finding.code && alikeTitles(title, finding.title))
  )
}

/** The agent says so, or the code on whose line it was told is gone from the new version. */
function isFixed(
  { id, file, code, thread, inline }: EarlierFinding,
  fixed: readonly string[],
  files: ReadonlyMap<string, DiffFile>,
): boolean {
  if (fixed.includes(id)) return true
  if (!inline) return false
  if (!files.has(file)) return true
  return code === '' ? thread?.outdated === true : !showsCode(files.get(file), code)
}

const toOpen = (before: EarlierFinding): Open => {
  const { id, severity, title, file } = before
  return { id, severity, title, file, finding: null, before }
}

const remembered = (
  { thread: _thread, ...one }: EarlierFinding,
  status: Remembered['status'],
): Remembered => ({
  ...one,
  status,
})

const rememberOpen = (
  { id, severity, title, file, finding, before }: Open,
  posted: ReadonlySet<string>,
): Remembered => ({
  ...{ id, severity, title, file, status: 'open' },
  code: finding?.code ?? before?.code ?? '',
  inline: before?.inline === true || posted.has(id),
})
