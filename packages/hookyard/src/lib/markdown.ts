// GitHub's Markdown, read by a parser and never by patterns: what is code, a quote or markup is what the parser says.
import type { Nodes, Root } from 'mdast'
import { fromMarkdown } from 'mdast-util-from-markdown'
import { gfmFromMarkdown } from 'mdast-util-gfm'
import { gfm } from 'micromark-extension-gfm'

// The parser takes a time that grows with the square of the marks in a paragraph: 16,384 `]` take two seconds. More than
// these nobody writes.
const MAX_COST = 6_000_000
const MAX_LINES = 4_000

/** The text as GitHub reads it; null when that would take too long, or its blocks are nested too deep for the parser. */
export function parseMarkdown(text: string): Root | null {
  const paragraphs = text.split(/\n[ \t]*\n/)
  const cost = paragraphs.reduce((sum, one) => sum + (one.match(/[*_~[\]!^<>&]/g)?.length ?? 0) ** 2, 0)
  if (cost > MAX_COST || text.split('\n').length > MAX_LINES) return null
  try {
    return fromMarkdown(text, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] })
  } catch (thrown) {
    if (thrown instanceof RangeError) return null
    throw thrown
  }
}

/** The node and all below it that are not within one of the `except`ed types, in reading order. */
export function* nodesIn(node: Nodes, except: readonly Nodes['type'][] = []): Generator<Nodes> {
  if (except.includes(node.type)) return
  yield node
  if ('children' in node) for (const child of node.children) yield* nodesIn(child, except)
}
