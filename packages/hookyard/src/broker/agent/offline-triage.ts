// Triage without a model: labels by keywords among those that the repository has, duplicates by likeness of titles.
import type { AgentTask } from '@hookyard/sdk/host'

type TriageTask = Extract<AgentTask, { kind: 'triage' }>

interface Kind {
  readonly name: string
  /** Names that repositories give such a label, in lower case; `type: bug` and `kind/bug` count too. */
  readonly labels: readonly string[]
  readonly words: RegExp
}

const KINDS: readonly Kind[] = [
  {
    name: 'a bug report',
    labels: ['bug', 'defect', 'regression'],
    words:
      /\b(?:bugs?|crash(?:es|ed|ing)?|exceptions?|errors?|fail(?:s|ed|ing|ure)?|broken|regressions?|traceback|stack ?trace|segfaults?|panics?|hangs?|freez(?:es|ing)|leaks?|(?:does|do|did|is|are|can)(?:n['\u2019]?t| not) (?:work|working)|unexpected(?:ly)?|wrong(?:ly)?)\b/gi,
  },
  {
    name: 'a feature request',
    labels: ['enhancement', 'feature', 'feature request', 'improvement'],
    words:
      /\b(?:feature(?: request)?s?|enhancements?|(?:add|please|allow|provide) (?:support|an? option|the ability|for)|support for|would be (?:nice|great|useful|helpful)|it would help|proposal|suggestion|i(?:'d| would) like|wish)\b/gi,
  },
  {
    name: 'about the documentation',
    labels: ['documentation', 'docs'],
    words: /\b(?:docs?|documentation|readme|typos?|docstrings?|tutorial|changelog|spelling)\b/gi,
  },
  {
    name: 'a question',
    labels: ['question', 'support', 'help'],
    words:
      /\b(?:how (?:do|can|to|does|should)|is (?:it|there) (?:possible|a way)|what is the (?:best|right) way|question)\b/gi,
  },
]

const GRAVE =
  /\b(?:security|vulnerabilit(?:y|ies)|cve-\d+|data ?loss|corrupt(?:s|ed|ion)?|outage|production (?:is )?down|remote code)\b/i

/** Alike enough to be called the same, and to be named at all. Shares of common title words, 0 to 1. */
const SAME = 0.8
const RELATED = 0.4

/** Labels, priority, duplicates and open questions by rules. Only labels of the task are chosen. */
export function triageByRules(task: TriageTask) {
  const text = `${task.title}\n${task.title}\n${task.body.slice(0, 20_000)}`
  const kind = kindOf(text)
  const alike = task.candidates
    .map(({ number, title }) => ({ number, likeness: likeness(task.title, title) }))
    .filter((candidate) => candidate.likeness >= RELATED)
    .sort((a, b) => b.likeness - a.likeness || a.number - b.number)
  const duplicate = alike[0] !== undefined && alike[0].likeness >= SAME ? alike[0].number : null
  const missing = kind === KINDS[0] ? missingFromReport(task.body) : []
  return {
    summary: tell(kind, duplicate),
    labels: kind === undefined ? [] : matchingLabels(kind, task.labels),
    duplicate_of: duplicate,
    related: alike.map(({ number }) => number).filter((number) => number !== duplicate),
    project: null,
    priority: GRAVE.test(text) ? 'high' : kind === KINDS[2] || kind === KINDS[3] ? 'low' : 'medium',
    status: missing.length > 0 || kind === undefined ? 'needs_info' : 'ready',
    missing_info:
      missing.length > 0 || kind !== undefined ? missing : ['What should happen, and what happens now?'],
  }
}

function tell(kind: Kind | undefined, duplicate: number | null): string {
  const reads =
    kind === undefined ? 'no keyword says what kind of issue this is' : `by its words this is ${kind.name}`
  const same = duplicate === null ? '' : ` Its title is nearly that of #${duplicate}.`
  return `Sorted by Hookyard's offline rules: ${reads}.${same}`
}

/** The kind whose words occur most often; the title counts twice. On a tie the first. */
function kindOf(text: string): Kind | undefined {
  const counted = KINDS.map((kind) => ({ kind, hits: text.match(kind.words)?.length ?? 0 }))
  const best = counted.reduce((a, b) => (b.hits > a.hits ? b : a))
  return best.hits > 0 ? best.kind : undefined
}

function matchingLabels(kind: Kind, offered: readonly string[]): string[] {
  const bare = (label: string): string =>
    label
      .toLowerCase()
      .replace(/^(?:type|kind|category)\s*[:/-]\s*/, '')
      .trim()
  for (const wanted of kind.labels) {
    const match = offered.find((label) => bare(label) === wanted)
    if (match !== undefined) return [match]
  }
  return []
}

function missingFromReport(body: string): string[] {
  const asked: string[] = []
  if (!/\b(?:steps|reproduc\w*|repro|to recreate|when i|if i|after)\b|```/i.test(body)) {
    asked.push('Which steps lead to it?')
  }
  if (!/\bv?\d+\.\d+|\bversion\b|\bcommit\b|\b(?:main|master|latest)\b/i.test(body)) {
    asked.push('Which version is it?')
  }
  return asked
}

const COMMON = new Set('the and for with when from that this not are was has does'.split(' '))

/** The share of words that two titles have in common (Jaccard), endings of plurals aside. */
export function likeness(a: string, b: string): number {
  const [left, right] = [wordsOf(a), wordsOf(b)]
  const common = [...left].filter((word) => right.has(word)).length
  const union = left.size + right.size - common
  return union === 0 ? 0 : common / union
}

function wordsOf(title: string): Set<string> {
  const words = title.toLowerCase().match(/[\p{L}\p{N}]{2,}/gu) ?? []
  return new Set(
    words.filter((word) => !COMMON.has(word)).map((word) => word.replace(/(?<=\p{L}{3})s$/u, '')),
  )
}
