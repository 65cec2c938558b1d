// From what a caller sent to what will be shown: parsed, settled, and short enough.
import { badRequest, readEntities, settleText } from './entities.ts'
import type { FormattedText, Settled } from './entities.ts'
import { parseHtml } from './html.ts'
import { parseMarkdown } from './markdown.ts'
import { parseMarkdownV2 } from './markdown-v2.ts'

/** UTF-16 units, after parsing. */
export const LONGEST_TEXT = 4_096
/** Bytes, before parsing. */
const LONGEST_SOURCE = 32_768

const PARSERS: Readonly<Record<string, (source: string) => FormattedText>> = {
  html: parseHtml,
  markdown: parseMarkdown,
  markdownv2: parseMarkdownV2,
}

/**
 * The text of a message.
 * @throws BotRefusal as the Bot API refuses it.
 */
export function readMessageText(source: string, parseMode: string, entities: unknown): Settled {
  if (source === '') throw badRequest('message text is empty')
  if (Buffer.byteLength(source) > LONGEST_SOURCE) throw badRequest('text is too long')
  const settled = settleText(parse(source, parseMode.toLowerCase(), entities))
  if (settled.text.length > LONGEST_TEXT) throw badRequest('message is too long')
  return settled
}

function parse(source: string, parseMode: string, entities: unknown): FormattedText {
  if (parseMode === '' || parseMode === 'none') return { text: source, entities: readEntities(entities) }
  const parser = PARSERS[parseMode]
  if (!parser) throw badRequest('unsupported parse_mode')
  return parser(source)
}
