// From what a caller sent to what will be shown: parsed, settled, and short enough.
import { badRequest, readEntities, settleText } from './entities.ts'
import type { FormattedText, Settled } from './entities.ts'
import { parseHtml } from './html.ts'

/** UTF-16 units, after parsing. */
export const LONGEST_TEXT = 4_096
/** Bytes, before parsing. */
const LONGEST_SOURCE = 32_768

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
  if (parseMode === 'html') return parseHtml(source)
  if (parseMode === 'markdown' || parseMode === 'markdownv2')
    throw badRequest(
      'this stand-in does not play the parse modes Markdown and MarkdownV2: send HTML or entities',
    )
  throw badRequest('unsupported parse_mode')
}
