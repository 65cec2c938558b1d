// One line of Markdown prose made harmless; see clean-markdown.ts for what that means. From left to right each
// construct that could act is either known and kept whole, or put into backticks, or its first mark escaped.
import { hostOf } from './hosts.ts'

export interface Known {
  /** In lower case. */
  readonly logins: ReadonlySet<string>
  /** In lower case. */
  readonly hosts: ReadonlySet<string>
}

/** A line of prose: its code spans kept, everything else cleaned. */
export function cleanProse(line: string, known: Known): string {
  const out = new Output()
  for (const part of splitCode(line)) {
    if (part.code) out.code(part.text.replaceAll('<!--', '<! --'))
    else cleanText(part.text, known, out)
  }
  // A slash command is what stands first, whatever list or quote marks are before it.
  return out.text.replace(
    /^([\s>*+-]*(?:\d{1,9}[.)]\s*)?)(\/[A-Za-z][\w./-]*)(`?)/,
    (_all, marks: string, command: string, next: string) => `${marks}\`${command}\`${next && ' `'}`,
  )
}

/**
 * The text so far. Code needs a gap to what is before it, or its backticks would be read otherwise. Its end is kept apart:
 * to look at the end of a string that grows piece by piece copies it each time.
 */
class Output {
  readonly #pieces: string[] = []
  /** Its last characters. */
  end = ''

  get text(): string {
    return this.#pieces.join('')
  }

  add(piece: string): void {
    this.#pieces.push(piece)
    this.end = (this.end + piece).slice(-64)
  }

  code(piece: string): void {
    if (/(?:[`$]|(?<!\\)(?:\\\\){0,30}\\)$/.test(this.end)) this.add(' ')
    this.add(piece)
  }
}

const inBackticks = (text: string): string => '`' + text.replaceAll('`', '') + '`'

interface Part {
  readonly code: boolean
  readonly text: string
}

/** CommonMark's code spans of one line: a run of backticks and the next run of the same length. */
function splitCode(line: string): Part[] {
  const runs = new Map<number, number[]>()
  for (const { 0: run, index } of line.matchAll(/`+/g)) {
    const starts = runs.get(run.length)
    if (starts === undefined) runs.set(run.length, [index])
    else starts.push(index)
  }
  for (const starts of runs.values()) starts.reverse()
  const parts: Part[] = []
  const marks = /\\[\s\S]|`+/g
  let from = 0
  for (let mark = marks.exec(line); mark !== null; mark = marks.exec(line)) {
    if (mark[0].startsWith('\\')) continue
    const starts = runs.get(mark[0].length) ?? []
    while (starts.length > 0 && starts.at(-1)! <= mark.index) starts.pop()
    const end = starts.pop()
    if (end === undefined) continue
    parts.push({ code: false, text: line.slice(from, mark.index) })
    from = end + mark[0].length
    parts.push({ code: true, text: line.slice(mark.index, from) })
    marks.lastIndex = from
  }
  parts.push({ code: false, text: line.slice(from) })
  return parts
}

// Every repetition is bounded, so that no line takes quadratic time.
const SAFE_URL = /^https?:\/\/[\w.-]+(?::\d{1,5})?(?:[/?#][\w.~/?%=&+#,-]*)?$/i
const LINK = /!*\[([^[\]`<\\]{0,300})\]\(([^\s()<>`\\]{1,2000})\)/y
const IMAGE_MARK = /!+\[/y
const ADDRESS = /(?:[a-z][a-z0-9+.-]{0,30}:\/\/|www\.)[^\s`<>]{1,2000}/iy
const MAIL = /[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}/y
const MENTION = /@[A-Za-z0-9][\w-]{0,99}(?:\/[\w.-]{1,100})?/y
const FOREIGN_REFERENCE = /[A-Za-z0-9][\w.-]{0,99}\/[\w.-]{1,100}#\d+/y
// GitHub tells an issue, pull request or discussion that it was linked to, whatever repository it is in.
const CROSS_REFERENCE = /^https?:\/\/[^/]+\/(?:[\w.-]+\/){2}(?:issues|pulls?|discussions)\/+\d/i
// Letters and digits apart: GitHub finds the address in `1https://…`.
const WORD = /[A-Za-z]+|[0-9]+|\s+/y

function cleanText(raw: string, known: Known, out: Output): void {
  const text = unescape(raw)
  const lastCommentEnd = text.lastIndexOf('-->')
  let at = 0
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match !== null) at = pattern.lastIndex
    return match
  }
  while (at < text.length) {
    let match: RegExpExecArray | null
    if (text.startsWith('<!--', at) && lastCommentEnd >= at + 4) {
      at = text.indexOf('-->', at + 4) + 3
      out.add(' ')
    } else if ((match = take(LINK))) addLink(match[1]!, match[2]!, known, out)
    else if (take(IMAGE_MARK)) out.add('[')
    else if ((match = take(ADDRESS))) at -= addAddress(match[0], known, out)
    else if ((match = take(FOREIGN_REFERENCE) ?? take(MAIL))) out.code(inBackticks(match[0]))
    // Within a word it is none: the word's last letter stands right before it, in the output too.
    else if (!/[A-Za-z0-9]/.test(out.end.at(-1) ?? '') && (match = take(MENTION)))
      addMention(match[0], known, out)
    else if ((match = take(WORD))) out.add(match[0])
    else at += addMark(text, at, out)
  }
}

/** A mark that could begin something active is written so that it does not. Returns how many it took. */
function addMark(text: string, at: number, out: Output): number {
  const char = text[at]!
  const next = text[at + 1] ?? ''
  if (char === '\\' && /[!-/:-@[-`{-~]/.test(next)) {
    out.add(char + next)
    return 2
  }
  if (char === '<') out.add('&lt;')
  else if (char === '&') out.add(/^&#?\w+;/.test(text.slice(at, at + 40)) ? '&amp;' : '&')
  else if (char === '`' || char === '$') out.add(`\\${char}`)
  else if (char === ']' && /[(:[]/.test(next)) out.add('\\]')
  else out.add(char)
  return 1
}

/** Escapes and entities that would only hide a mention, an address or a tag from the patterns above. */
function unescape(text: string): string {
  return text
    .replace(/\\([\s\S])/g, (pair, char: string) => ('@<&/:.#-_'.includes(char) ? char : pair))
    .replace(
      /&(lt|gt|amp|quot|apos|nbsp|#39);/gi,
      (entity, name: string) => ENTITIES[name.toLowerCase()] ?? entity,
    )
}

const ENTITIES: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  '#39': "'",
}

function addLink(label: string, url: string, known: Known, out: Output): void {
  const inner = new Output()
  // An address in the label would be a link of its own.
  cleanText(label, { logins: known.logins, hosts: new Set() }, inner)
  if (!SAFE_URL.test(url) || !mayLink(url, known)) {
    // The brackets stay as text, or `@[name](…)` would become a mention.
    out.add(`\\[${inner.text}\\]`)
  } else {
    // After `!` it would be an image.
    out.add(`${out.end.endsWith('!') ? ' ' : ''}[${inner.text}](${url})`)
  }
}

/** Returns how many characters at the end are no part of the address. */
function addAddress(found: string, known: Known, out: Output): number {
  const address = found.replace(/[.,;:!?)\]}'"*_~|]+$/, '')
  const url = /^www\./i.test(address) ? `http://${address}` : address
  if (SAFE_URL.test(url) && mayLink(url, known)) out.add(address)
  else out.code(inBackticks(address))
  return found.length - address.length
}

function addMention(mention: string, known: Known, out: Output): void {
  if (known.logins.has(mention.slice(1).toLowerCase())) out.add(mention)
  else out.code(inBackticks(mention))
}

function mayLink(url: string, known: Known): boolean {
  const host = hostOf(url)
  return host !== null && known.hosts.has(host) && !CROSS_REFERENCE.test(url)
}
