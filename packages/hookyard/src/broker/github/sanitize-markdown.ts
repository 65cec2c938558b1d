// The last look at a text that an agent had a part in, before GitHub gets it. The agent has read what strangers wrote, and
// the module may have done anything with its answer: so the finished text is judged, and the block in which something acts
// becomes plain text in a fence. What was rewritten is parsed again; if it is not clean by then, all of it is fenced.
import type { Nodes } from 'mdast'
import { parseMarkdown } from '../../lib/markdown.ts'
import { stripInvisible, redactSecrets } from '@hookyard/sdk/host'
import { truncated } from './body.ts'
import { stripMarkers } from './marker.ts'
import { type Allowances, COMMAND, Reader } from './markdown-rules.ts'

/** The text, fit to be published; judged again it stays the same. Never throws. */
export function sanitize(text: string, allowances: Allowances): string {
  const shown = visible(text)
  if (shown.trim() === '') return shown
  // What a reader commits with one click must not have been changed on its way.
  const allowed = shown === text ? allowances : { ...allowances, suggestions: false }
  return rewritten(shown, allowed) ?? fenced(shown)
}

/** The same within `limit` characters: what is too long is cut before it is judged, never after. */
export function sanitizeWithin(text: string, allowances: Allowances, limit: number): string {
  // Fences need room; how much is known when they are there.
  for (const share of [1, 0.9, 0.7, 0.5, 0.3]) {
    const judged = sanitize(truncated(text, Math.floor(limit * share)), allowances)
    if (judged.length <= limit) return judged
  }
  return fenced(visible(truncated(text, Math.floor(limit / 4)))).slice(0, limit)
}

/** A text that GitHub shows as it is, such as a title: one line, without what nobody sees and without secrets. */
export const sanitizeTitle = (text: string): string => visible(text).replace(/\s+/g, ' ').trim()

/** What the text shows: no invisible characters, secrets, markers or hidden notes, no line that a bot obeys in the raw text. */
function visible(text: string): string {
  for (let before = text; ;) {
    const after = stripMarkers(redactSecrets(stripInvisible(before).text))
      .replaceAll('<!--', '<! --')
      .replace(COMMANDS, ' $&')
    // Again, because what was taken out may have joined what stood around it.
    if (after === before) return after
    before = after
  }
}

const COMMANDS = new RegExp(COMMAND.source, 'gim')

/** null: it cannot be read, or is not clean after what could be fenced has been. */
function rewritten(text: string, allowed: Allowances): string | null {
  let current = withEnd(text)
  for (const byItem of [true, false]) {
    const refused = refusedIn(current, allowed, byItem)
    if (refused?.length === 0) return current
    current = refused?.reduceRight(fenceBlock, current) ?? current
  }
  return refusedIn(current, allowed, false)?.length === 0 ? current : null
}

/** Stands behind a text, to see whether the text has ended by then. */
const AFTER = '\n\nhookyard'

/** An open fence at the end is closed: it would swallow whatever is put behind the text. */
function withEnd(text: string): string {
  const last = parseMarkdown(text + AFTER)?.children.at(-1)
  if (last?.type !== 'code') return text
  const [, fence] = /^ {0,3}(`{3,}|~{3,})/.exec(text.slice(last.position?.start.offset)) ?? []
  return fence === undefined ? text : `${text.trimEnd()}\n${fence}`
}

/** A part of the text, in whole lines, and what of it is shown in its fence. */
interface Block {
  readonly from: number
  readonly to: number
  readonly content: string
}

/** What may not stay, from first to last: whole blocks, or of a list the items alone, which then part it. null: unreadable. */
function refusedIn(text: string, allowed: Allowances, byItem: boolean): Block[] | null {
  const tree = parseMarkdown(text + AFTER)
  if (tree === null) return null
  const reader = new Reader(text + AFTER, allowed)
  const last = tree.children.at(-1)
  // The last block holds what stands behind the text, unless the text has ended.
  const isOpen = last?.position?.start.offset !== text.length + 2
  return tree.children.flatMap((node) => {
    if (node === last) return isOpen ? [toBlock(node, text, false)] : []
    const parts: Nodes[] = node.type === 'list' ? node.children : [node]
    const refused = parts.filter((part) => !reader.accepts(part))
    if (refused.length === 0) return []
    return (byItem ? refused : [node]).map((part) => toBlock(part, text, true))
  })
}

/** Of code that has ended the code alone: a fence within a fence says no more. */
function toBlock(node: Nodes, text: string, hasEnded: boolean): Block {
  const { offset = 0, column = 1 } = node.position?.start ?? {}
  const from = offset - (column - 1)
  const to = Math.min(node.position?.end.offset ?? text.length, text.length)
  const content = hasEnded && node.type === 'code' ? node.value : text.slice(from, to)
  return { from, to, content }
}

const fenceBlock = (text: string, { from, to, content }: Block): string =>
  text.slice(0, from) + fenced(content) + text.slice(to)

/** All of it as code: the fence is longer than any run of backticks within. */
function fenced(text: string): string {
  const content = text
    .replace(/^\n+|\s+$/g, '')
    .replaceAll(/`{100,}/g, '`'.repeat(99))
    .replace(COMMANDS, ' $&')
  const longest = Math.max(2, ...[...content.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}\n${content}\n${fence}`
}
