// The boxes of one question, cut to their limits: each by itself first, then all together in a fixed order. The same
// material gives the same boxes, and every cut is named.
import type { Commit, LinkedIssue } from '@hookyard/sdk'
import type { Change } from './change.ts'
import type { Material } from './gather.ts'
import type { HeadFile } from './head-files.ts'
import type { Part } from './parts.ts'
import type { Limits, Settings } from './settings.ts'
import { metadataSection, threadSection, earlierFindingsSection } from './prompt-sections.ts'

export interface Boxes {
  /** Outside text by name, empty ones left out. */
  readonly outside: Readonly<Record<string, string>>
  /** What was cut, in words. */
  readonly cuts: readonly string[]
}

const MAX_DESCRIPTION = 20_000
const MAX_HEADLINE = 300
const SMALL_THREAD = 5_000
const SMALL_SPEC = 10_000
const SMALL_CONVENTIONS = 8_000
const MAX_LISTED = 200

/** Comments of an issue that say what must be are kept longer than others. */
const WEIGHTY = /acceptance|blocker|must|should|review by|review:/i

/** The boxes for one part of the diff. */
export function composeBoxes(material: Material, change: Change, part: Part, settings: Settings): Boxes {
  const { limits } = settings
  const cuts: string[] = []
  const cut = (what: string) => void (cuts.includes(what) || cuts.push(what))
  const { pr } = material
  const boxes: Record<string, string> = {
    title: pr.title,
    metadata: metadataSection(pr),
    description: clipped(pr.body ?? '', MAX_DESCRIPTION, 'the description', cut),
    'linked issues': tellIssues(material.issues, limits.linked_issues, cut),
    commits: tellCommits(material.commits, limits.commits, cut),
    spec: material.spec === null ? '' : `${material.spec.path}\n\n${material.spec.text}`,
    conventions: material.conventions.map(({ path, text }) => `${path}\n\n${text}`).join('\n\n'),
    'your earlier findings': earlierFindingsSection(material.known),
    thread: clippedThread(material, limits.thread, cut),
    diff: part.text,
    'changed files at the head': '',
  }
  const inPart = new Set(part.files.map(({ file }) => file))
  const files = withinFiles(
    material.headFiles.files.filter(({ path }) => inPart.has(path)),
    limits.files,
    cut,
  )
  boxes['changed files at the head'] = tellFiles(files)
  fitAll(boxes, material, files, limits, cut)
  const left = [
    ...change.ignored.map((path) => `${path}: left out by configuration`),
    ...change.tooLong.map((path) => `${path}: the diff is too long`),
  ]
  const outside = {
    ...boxes,
    'files left out': listed([...left, ...material.headFiles.notes]),
    'what was cut': cuts.join('\n'),
    'what could not be read': material.unread.join('\n'),
  }
  return {
    outside: Object.fromEntries(Object.entries(outside).filter(([, text]) => text.trim() !== '')),
    cuts,
  }
}

type Cut = (what: string) => void

/** What is over the total gives way: what says least about the change first, the diff never. */
function fitAll(
  boxes: Record<string, string>,
  material: Material,
  files: readonly HeadFile[],
  limits: Limits,
  cut: Cut,
): void {
  const { total } = limits
  const over = () => Object.values(boxes).reduce((sum, text) => sum + text.length, 0) - total
  const steps: (() => void)[] = [
    () => (boxes['commits'] = tellCommits(material.commits, 0, cut)),
    () => (boxes['linked issues'] = tellIssues(material.issues, limits.linked_issues, cut, isWeighty)),
    () => (boxes['thread'] = clippedThread(material, SMALL_THREAD, cut)),
    () => (boxes['spec'] = clipped(boxes['spec'] ?? '', SMALL_SPEC, 'the spec', cut)),
    () =>
      (boxes['conventions'] = clipped(boxes['conventions'] ?? '', SMALL_CONVENTIONS, 'the conventions', cut)),
  ]
  for (const step of steps) if (over() > 0) step()
  if (over() > 0) {
    const room = Math.max(0, (boxes['changed files at the head'] ?? '').length - over())
    boxes['changed files at the head'] = tellFiles(withinFiles(files, room, cut))
  }
  if (over() > 0) cut(`everything together is still ${over()} characters over ${total}`)
}

function clipped(text: string, limit: number, what: string, cut: Cut): string {
  if (text.length <= limit) return text
  cut(`${what}: the first ${limit} of ${text.length} characters`)
  return `${text.slice(0, limit)}\n[cut here]`
}

/** Headlines of all commits; bodies as far as they fit, the last ones give way first. */
function tellCommits(commits: readonly Commit[], limit: number, cut: Cut): string {
  const told = commits.map(({ sha, message }) => {
    const [headline = '', ...body] = message.split('\n')
    return { head: `${sha.slice(0, 7)} ${headline.slice(0, MAX_HEADLINE)}`, body: body.join('\n').trim() }
  })
  const size = () => told.reduce((sum, { head, body }) => sum + head.length + body.length + 2, 0)
  let dropped = 0
  for (let index = told.length - 1; index >= 0 && size() > limit; index--) {
    const commit = told[index]!
    if (commit.body === '') continue
    commit.body = ''
    dropped += 1
  }
  if (dropped > 0) cut(`commits: the bodies of the last ${dropped}`)
  return told.map(({ head, body }) => (body === '' ? head : `${head}\n${body}`)).join('\n')
}

/** Bodies always, each with its share of the limit; comments as far as they fit, ordinary ones give way first. */
function tellIssues(
  issues: readonly LinkedIssue[],
  limit: number,
  cut: Cut,
  may: (comment: Said) => boolean = () => true,
): string {
  if (issues.length === 0) return ''
  const share = Math.max(2_000, Math.floor(limit / issues.length))
  const heads = issues.map((issue) => {
    const head = `#${issue.number} (${issue.state}) ${issue.title}\nby ${issue.author}`
    return `${head}\n${clipped(issue.body, share, `the body of #${issue.number}`, cut)}`
  })
  let room = limit - heads.reduce((sum, head) => sum + head.length + 2, 0)
  const all = issues.flatMap((issue, at) =>
    issue.comments.map((comment) => ({ at, ...comment, text: `${comment.author}: ${comment.body}` })),
  )
  const kept = new Set<(typeof all)[number]>()
  for (const comment of [...all.filter(isWeighty), ...all.filter((one) => !isWeighty(one))]) {
    if (!may(comment) || comment.text.length + 2 > room) continue
    room -= comment.text.length + 2
    kept.add(comment)
  }
  if (kept.size < all.length) cut(`linked issues: ${all.length - kept.size} of ${all.length} comments`)
  return heads
    .map((head, at) =>
      [head, ...all.filter((one) => one.at === at && kept.has(one)).map(({ text }) => text)].join('\n\n'),
    )
    .join('\n\n---\n\n')
}

interface Said {
  readonly body: string
}

const isWeighty = ({ body }: Said): boolean => WEIGHTY.test(body)

/** The newest of what was said, oldest first. */
function clippedThread({ comments, threads }: Material, limit: number, cut: Cut): string {
  const entries = threadSection(comments, threads)
  let room = limit
  const kept: string[] = []
  for (const entry of entries.toReversed()) {
    if (entry.length + 2 > room) break
    room -= entry.length + 2
    kept.push(entry)
  }
  const newest = entries.at(-1)
  if (kept.length === 0 && newest !== undefined && limit > 0) kept.push(`[cut here]\n${newest.slice(-limit)}`)
  if (kept.length < entries.length) cut(`the thread: ${entries.length - kept.length} earlier entries`)
  return kept.reverse().join('\n\n')
}

/** The largest give way first; of equal ones the later. */
function withinFiles(files: readonly HeadFile[], limit: number, cut: Cut): HeadFile[] {
  const kept = [...files]
  const size = () => kept.reduce((sum, { path, text }) => sum + path.length + text.length + 20, 0)
  while (kept.length > 0 && size() > limit) {
    const largest = kept.reduce((a, b) => (b.text.length >= a.text.length ? b : a))
    kept.splice(kept.indexOf(largest), 1)
    cut(`changed files at the head: ${largest.path}`)
  }
  return kept
}

const tellFiles = (files: readonly HeadFile[]): string =>
  files.map(({ path, text }) => `=== ${path}\n${text}`).join('\n\n')

const listed = (lines: readonly string[]): string =>
  [
    ...lines.slice(0, MAX_LISTED),
    ...(lines.length > MAX_LISTED ? [`and ${lines.length - MAX_LISTED} more`] : []),
  ].join('\n')
