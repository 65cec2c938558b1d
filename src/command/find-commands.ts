// Lines of a comment that are commands: `/name arguments` at the beginning of a line that a reader sees as plain
// text. In a code block, a code span, a quote or an HTML comment it is no command. Where Markdown leaves a doubt, a
// line is none: a command that was not meant is worse than one that has to be written again.

export interface CommandLine {
  /** Lower case, without the slash. */
  readonly name: string
  /** The rest of the line, trimmed; empty when there is none. */
  readonly args: string
}

const COMMAND = /^ {0,3}\/([a-z][a-z0-9_-]{0,31})(?:[ \t]+(.*))?$/i
const MAX_ARGS = 1_000
/** Of one comment. */
const MAX_COMMANDS = 20

/** Every command of a comment, in order. */
export function findCommands(body: string): CommandLine[] {
  const found: CommandLine[] = []
  for (const paragraph of paragraphsOf(body)) found.push(...commandsIn(paragraph))
  return found.slice(0, MAX_COMMANDS)
}

/** Runs of lines of plain text: without quotes, code blocks, HTML comments and what stands in code tags. */
function* paragraphsOf(body: string): Generator<string[]> {
  const block: Block = { fence: null, html: null, quote: false }
  let paragraph: string[] = []
  for (const line of body.split(/\r\n|\r|\n/)) {
    const plain = step(block, line)
    if (plain) paragraph.push(line)
    else if (paragraph.length > 0) {
      yield paragraph
      paragraph = []
    }
  }
  if (paragraph.length > 0) yield paragraph
}

interface Block {
  /** The marks that opened a fenced code block. */
  fence: string | null
  /** What ends the HTML comment or element that is open. */
  html: RegExp | null
  /** A quote goes on without its `>` until something else begins. */
  quote: boolean
}

const MARKERS = /^(?:\s*(?:[-*+]|\d{1,9}[.)])(?=\s))*\s*/
const OPENING = /<!--|<(pre|code|blockquote|script|style|textarea)\b/gi

/** Moves on by a line; true when the line is plain text. */
function step(block: Block, line: string): boolean {
  if (block.fence !== null) {
    const [, closing = ''] = /^\s*(`{3,}|~{3,})\s*$/.exec(line) ?? []
    if (closing.startsWith(block.fence)) block.fence = null
    return false
  }
  if (block.html !== null) {
    const end = block.html.exec(line)
    if (end) {
      block.html = null
      openHtml(block, line.slice(end.index + end[0].length))
    }
    return false
  }
  const content = line.replace(MARKERS, '')
  if (content === '') {
    block.quote = false
    return false
  }
  if (content.startsWith('>')) {
    block.quote = true
    return false
  }
  const [, fence] = /^(`{3,}(?=[^`]*$)|~{3,})/.exec(content) ?? []
  if (fence !== undefined) {
    Object.assign(block, { fence, quote: false })
    return false
  }
  openHtml(block, line)
  return !block.quote && !/^(?: {4}| {0,3}\t)/.test(line)
}

/** Notices what the line opens and does not close; what stands in a code span opens nothing. */
function openHtml(block: Block, line: string): void {
  const plain = line.replace(/(?<!`)(`+)(?!`)[^`]*\1(?!`)/g, ' ')
  const opening = new RegExp(OPENING)
  for (let found = opening.exec(plain); found; found = opening.exec(plain)) {
    const [, element] = found
    const end = element === undefined ? /-->/g : new RegExp(`</${element}\\s*>`, 'gi')
    // `<!-->` is a whole comment: its end may begin within its beginning.
    end.lastIndex = element === undefined ? found.index + 2 : opening.lastIndex
    if (!end.test(plain)) {
      block.html = new RegExp(end.source, 'i')
      return
    }
    opening.lastIndex = end.lastIndex
  }
}

function commandsIn(paragraph: readonly string[]): CommandLine[] {
  if (!paragraph.some((line) => COMMAND.test(line))) return []
  const spans = codeSpans(paragraph.join('\n'))
  const commands: CommandLine[] = []
  let offset = 0
  let next = 0
  for (const line of paragraph) {
    while ((spans[next]?.to ?? Infinity) < offset) next += 1
    const isCode = (spans[next]?.from ?? Infinity) < offset
    const [, name, args = ''] = COMMAND.exec(line) ?? []
    if (name !== undefined && !isCode) commands.push({ name: name.toLowerCase(), args: cleanArgs(args) })
    offset += line.length + 1
  }
  return commands
}

interface Span {
  readonly from: number
  readonly to: number
}

/** Code spans in order: from some backticks to the next run of as many. */
function codeSpans(text: string): Span[] {
  const runs = [...text.matchAll(/`+/g)].map(({ index, 0: { length } }) => ({ index, length }))
  const later = new Map<number, number>()
  const closings = runs.map(() => -1)
  for (let at = runs.length - 1; at >= 0; at -= 1) {
    const { index = 0, length = 0 } = runs[at] ?? {}
    closings[at] = later.get(length) ?? -1
    later.set(length, index)
  }
  const spans: Span[] = []
  runs.forEach(({ index: from }, at) => {
    const to = closings[at] ?? -1
    if (to >= 0 && from > (spans.at(-1)?.to ?? -1)) spans.push({ from, to })
  })
  return spans
}

/** The arguments without HTML comments, which nobody sees. */
function cleanArgs(args: string): string {
  return args
    .replace(/<!--[^]*?(?:-->|$)/g, ' ')
    .trim()
    .slice(0, MAX_ARGS)
}
