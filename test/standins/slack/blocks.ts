// What Slack shows of a message, or the code with which it refuses it.
import { isObject } from '@hookyard/standins/is-object'

export interface Shown {
  /** What a person reads. */
  readonly shown: string
  /** Parts of it with a style, and links. */
  readonly marks: readonly Mark[]
}

export interface Mark {
  readonly kind: 'bold' | 'italic' | 'strike' | 'code' | 'link' | 'mention'
  readonly text: string
  readonly url?: string
}

type Refused = string
type Fields = Readonly<Record<string, unknown>>

const MAX_TEXT = 40_000
const MAX_BLOCKS = 50
const MAX_SECTION = 3_000
/** Of all blocks of a message together. */
const MAX_ALL_BLOCKS = 13_200

/** A message without blocks: mrkdwn; what exceeds 40,000 characters is cut off. */
export function readText({ text }: Fields): Shown | Refused {
  if (typeof text !== 'string' || text.trim() === '') return 'no_text'
  return readMrkdwn(text.slice(0, MAX_TEXT))
}

/** A message of blocks; its text is only for notifications then. */
export function readBlocks({ blocks, text }: Fields): Shown | Refused {
  if (text !== undefined && typeof text !== 'string') return 'invalid_payload'
  if (!Array.isArray(blocks) || blocks.length === 0 || blocks.length > MAX_BLOCKS) return 'invalid_blocks'
  if (JSON.stringify(blocks).length > MAX_ALL_BLOCKS * 4) return 'msg_blocks_too_long'
  const parts: Shown[] = []
  let length = 0
  for (const block of blocks as unknown[]) {
    const part = readBlock(block)
    if (typeof part === 'string') return part
    length += part.shown.length
    parts.push(part)
  }
  if (length > MAX_ALL_BLOCKS) return 'msg_blocks_too_long'
  return { shown: parts.map(({ shown }) => shown).join('\n'), marks: parts.flatMap(({ marks }) => marks) }
}

function readBlock(block: unknown): Shown | Refused {
  if (!isObject(block)) return 'invalid_blocks'
  if (block['type'] === 'rich_text') return readRichText(block['elements'])
  const text = block['text']
  if (block['type'] !== 'section' || !isObject(text)) return 'invalid_blocks'
  const content = text['text']
  if (typeof content !== 'string' || content === '' || content.length > MAX_SECTION) return 'invalid_blocks'
  return text['type'] === 'mrkdwn' ? readMrkdwn(content) : { shown: content, marks: [] }
}

function readRichText(sections: unknown): Shown | Refused {
  if (!Array.isArray(sections) || sections.length === 0) return 'invalid_blocks'
  const shown: string[] = []
  const marks: Mark[] = []
  for (const section of sections as unknown[]) {
    if (!isObject(section) || section['type'] !== 'rich_text_section') return 'invalid_blocks'
    if (!Array.isArray(section['elements'])) return 'invalid_blocks'
    for (const element of section['elements'] as unknown[]) {
      const mark = readElement(element)
      if (mark === null) return 'invalid_blocks'
      shown.push(mark.shown)
      marks.push(...mark.marks)
    }
  }
  return { shown: shown.join(''), marks }
}

function readElement(element: unknown): Shown | null {
  if (!isObject(element)) return null
  const { type, text, url, style } = element
  if (type === 'link') {
    if (typeof url !== 'string' || !/^(https?|mailto):/i.test(url) || !URL.canParse(url)) return null
    if (text !== undefined && (typeof text !== 'string' || text === '')) return null
    const label = typeof text === 'string' ? text : url
    return { shown: label, marks: [{ kind: 'link', text: label, url }] }
  }
  // No mrkdwn is read in here: text is text.
  if (type !== 'text' || typeof text !== 'string' || text === '' || text.length > MAX_SECTION) return null
  if (style !== undefined && !isObject(style)) return null
  const kinds = (['bold', 'italic', 'strike', 'code'] as const).filter((kind) => style?.[kind] === true)
  return { shown: text, marks: kinds.map((kind) => ({ kind, text })) }
}

/** mrkdwn: `<url|text>`, `<!channel>`, `<@U1>`, and `*bold*` `_italic_` `~strike~` between word boundaries. */
function readMrkdwn(text: string): Shown {
  const marks: Mark[] = []
  const linked = text.replace(/<([^<>|]*)(?:\|([^<>]*))?>/g, (_all, target: string, label?: string) => {
    const kind = /^[@!#]/.test(target) ? 'mention' : 'link'
    const words = label ?? target
    marks.push({ kind, text: words, ...(kind === 'link' ? { url: target } : {}) })
    return words
  })
  const STYLES = { '*': 'bold', _: 'italic', '~': 'strike', '`': 'code' } as const
  const shown = linked.replace(
    /(?<=^|[\s(])([*_~`])(?!\s)([^\n]*?)(?<!\s)\1(?=$|[\s).,!?:;])/gm,
    (_all, sign: keyof typeof STYLES, inner: string) => {
      marks.push({ kind: STYLES[sign], text: inner })
      return inner
    },
  )
  return {
    shown: shown.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&'),
    marks,
  }
}
