// What Discord shows of Markdown: as much of it as can turn outside text into something else.

export interface Shown {
  /** What a person reads. */
  readonly shown: string
  readonly marks: readonly Mark[]
}

export interface Mark {
  readonly kind:
    | 'bold'
    | 'italic'
    | 'underline'
    | 'strike'
    | 'spoiler'
    | 'code'
    | 'link'
    | 'mention'
    | 'heading'
    | 'quote'
    | 'list'
  readonly text: string
  readonly url?: string
}

interface Rule {
  readonly kind: Mark['kind']
  readonly pattern: RegExp
  /** The inside is Markdown again. */
  readonly nested?: boolean
}

// In this order; each is tried where the text has got to.
const RULES: readonly Rule[] = [
  { kind: 'code', pattern: /^(`+)(?!`)([^]*?[^`])\1(?!`)/ },
  { kind: 'mention', pattern: /^()<(?:@[!&]?|#)(\d+)>/ },
  { kind: 'mention', pattern: /^()@(everyone|here)\b/ },
  { kind: 'bold', pattern: /^(\*\*)(?=\S)([^]+?)\*\*(?!\*)/, nested: true },
  { kind: 'underline', pattern: /^(__)([^]+?)__(?!_)/, nested: true },
  { kind: 'italic', pattern: /^(\*)(?=\S)((?:\*\*|\\[^]|[^*])+?)\*(?!\*)/, nested: true },
  { kind: 'italic', pattern: /^(_)((?:__|\\[^]|[^_])+?)_(?!\w)/, nested: true },
  { kind: 'strike', pattern: /^(~~)([^]+?)~~/, nested: true },
  { kind: 'spoiler', pattern: /^(\|\|)([^]+?)\|\|/, nested: true },
]
const MASKED = /^\[((?:\\[^]|[^\]\\])+)\]\(<?(https?:\/\/[^\s<>)]+)>?\)/
// In angle brackets an address ends there; without them it goes on to the next space, backslashes included.
const BARE = /^<(https?:\/\/[^\s<>]+)>|^(https?:\/\/[^\s<]+[^\s<.,:;"'\]])/
const LINE_STARTS: readonly (readonly [Mark['kind'], RegExp])[] = [
  ['heading', /^(-?#{1,3}) +(?=\S)/],
  ['quote', /^(>>>|>) /],
  ['list', /^ *(?:[-*+]|\d+\.) +(?=\S)/],
]

/** Reads a message. A backslash before any sign that is no letter, digit or space shows the sign. */
export function readMarkdown(content: string): Shown {
  const marks: Mark[] = []
  return { shown: readInside(content, marks, true), marks }
}

function readInside(text: string, marks: Mark[], atStart: boolean): string {
  let shown = ''
  for (let rest = text, start = atStart; rest !== '';) {
    const step = (start ? lineStart(rest, marks) : null) ?? inline(rest, marks)
    shown += step.shown
    rest = rest.slice(step.length)
    start = shown.endsWith('\n')
  }
  return shown
}

interface Step {
  readonly shown: string
  readonly length: number
}

function lineStart(rest: string, marks: Mark[]): Step | null {
  for (const [kind, pattern] of LINE_STARTS) {
    const match = pattern.exec(rest)
    if (!match) continue
    marks.push({ kind, text: match[0].trim() })
    return { shown: '', length: match[0].length }
  }
  return null
}

function inline(rest: string, marks: Mark[]): Step {
  const escaped = /^\\([^0-9A-Za-z\s])/u.exec(rest)
  if (escaped) return { shown: escaped[1] ?? '', length: escaped[0].length }
  const masked = MASKED.exec(rest)
  if (masked) {
    const inner = readInside(masked[1] ?? '', marks, false)
    marks.push({ kind: 'link', text: inner, url: masked[2] ?? '' })
    return { shown: inner, length: masked[0].length }
  }
  const bare = BARE.exec(rest)
  if (bare) {
    const url = bare[1] ?? bare[2] ?? ''
    marks.push({ kind: 'link', text: url, url })
    return { shown: url, length: bare[0].length }
  }
  for (const { kind, pattern, nested } of RULES) {
    const match = pattern.exec(rest)
    if (!match) continue
    const content = match[2] ?? ''
    const inner = nested ? readInside(content, marks, false) : content
    marks.push({ kind, text: inner })
    return { shown: inner, length: match[0].length }
  }
  // As far as the next sign that could mean something.
  const plain = /^[^\\`<@*_~|[\nh]+|^[^]/u.exec(rest)?.[0] ?? rest
  return { shown: plain, length: plain.length }
}
