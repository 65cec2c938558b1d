// Lines of a comment that are commands: `/name arguments` at the beginning of a line that a reader sees as plain
// text. In a code block, a code span, a quote or an HTML comment it is no command. Where Markdown leaves a doubt, a
// line is none: a command that was not meant is worse than one that has to be written again.

import type { Paragraph } from 'mdast'
import { nodesIn, parseMarkdown } from '../lib/markdown.ts'

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
  const text = body.replace(/\r\n?/g, '\n')
  if (!text.split('\n').some((line) => COMMAND.test(line))) return []
  const tree = parseMarkdown(text)
  if (tree === null) return []
  const commands: CommandLine[] = []
  const hidden = new Hidden()
  for (const node of nodesIn(tree, ['blockquote', 'table', 'footnoteDefinition'])) {
    // What stands before it has been read by now: in a code tag or a note that is not closed nothing is a command.
    if (node.type === 'paragraph' && !hidden.now) commands.push(...commandsIn(text, node))
    if (node.type === 'html') hidden.read(node.value)
    // A note that is never closed is none to GitHub, but was meant as one.
    else if (node.type === 'text') hidden.read(node.value.replace(/<(?!!--)/g, ''))
  }
  return commands.slice(0, MAX_COMMANDS)
}

/** Whether the reader is within something that hides, quotes or shows as code. */
class Hidden {
  readonly #open: string[] = []

  get now(): boolean {
    return this.#open.length > 0
  }

  read(markup: string): void {
    for (const [, mark, closing, element = ''] of markup.replace(/<!---?>/g, '').matchAll(MARKUP)) {
      const [open] = this.#open
      if (mark === '<!--' && open === undefined) this.#open.push('!')
      else if (mark === '-->' && open === '!') this.#open.pop()
      else if (element !== '' && closing === '' && open === undefined) this.#open.push(element.toLowerCase())
      else if (closing === '/' && open === element.toLowerCase()) this.#open.pop()
    }
  }
}

const MARKUP = /(<!--|-->)|<(\/?)(pre|code|blockquote|script|style|textarea)\b/gi

/** Lines that begin in the paragraph's own text: not within code, nor within markup that goes over lines. */
function commandsIn(text: string, { children, position }: Paragraph): CommandLine[] {
  const begins = position?.start.offset ?? 0
  const spans = children.flatMap((child) => (child.type === 'text' ? [child.position] : []))
  const commands: CommandLine[] = []
  for (let at = text.lastIndexOf('\n', begins - 1) + 1; at < (position?.end.offset ?? 0);) {
    const end = text.indexOf('\n', at)
    const line = text.slice(at, end === -1 ? undefined : end)
    const first = at + line.search(/\S|$/)
    const isText = spans.some((span) => (span?.start.offset ?? 0) <= first && first < (span?.end.offset ?? 0))
    const [, name, args = ''] = COMMAND.exec(line) ?? []
    if (name !== undefined && isText) commands.push({ name: name.toLowerCase(), args: cleanArgs(args) })
    if (end === -1) break
    at = end + 1
  }
  return commands
}

/** The arguments without HTML comments, which nobody sees. */
function cleanArgs(args: string): string {
  return args
    .replace(/<!--[^]*?(?:-->|$)/g, ' ')
    .trim()
    .slice(0, MAX_ARGS)
}
