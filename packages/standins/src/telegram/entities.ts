// Formatting as Telegram keeps it: a text and ranges over it, counted in UTF-16 units. What is read from HTML or
// Markdown, and what a caller gives, ends up in the same form and is repaired in the same way.

export interface MessageEntity {
  readonly type: string
  readonly offset: number
  readonly length: number
  readonly url?: string
  readonly language?: string
  readonly user?: { readonly id: number }
  readonly custom_emoji_id?: string
}

export interface FormattedText {
  readonly text: string
  readonly entities: readonly MessageEntity[]
}

/** A refusal of the Bot API: HTTP status and description are those of the answer. */
export class BotRefusal extends Error {
  readonly code: number
  readonly parameters: Readonly<Record<string, number>> | null
  /** A mistake in what was sent, which sending again cannot fix. */
  readonly mistake: boolean

  constructor(
    code: number,
    description: string,
    options: { parameters?: Readonly<Record<string, number>>; mistake?: boolean } = {},
  ) {
    super(description)
    this.name = 'BotRefusal'
    this.code = code
    this.parameters = options.parameters ?? null
    this.mistake = options.mistake ?? false
  }
}

/** 400 because of what was sent. */
export const badRequest = (reason: string): BotRefusal =>
  new BotRefusal(400, `Bad Request: ${reason}`, { mistake: true })

/** 400 because of the formatting. */
export const cannotParse = (reason: string): BotRefusal => badRequest(`can't parse entities: ${reason}`)

/** Where UTF-16 index `at` of the text is in its UTF-8 bytes: the Bot API counts so. */
export const byteOffset = (text: string, at: number): number => Buffer.byteLength(text.slice(0, at))

/** Telegram's notion of white space; the end of the text counts as some. */
export const isSpace = (char: string | undefined): boolean =>
  char === undefined || ' \t\r\n\0\v'.includes(char)

/** Bold and the like may be cut in pieces; the others stand alone. */
const SPLITTABLE = new Set(['bold', 'italic', 'underline', 'strikethrough', 'spoiler'])
const QUOTES = new Set(['blockquote', 'expandable_blockquote'])
const KNOWN = new Set([...SPLITTABLE, ...QUOTES, 'code', 'pre', 'text_link', 'text_mention', 'custom_emoji'])
/** Found by the server; giving them has no effect. */
const AUTOMATIC = /^(mention|hashtag|cashtag|bot_command|url|email|phone_number|bank_card_number)$/

/**
 * The entities that a caller gave with the text.
 * @throws BotRefusal for what is no entity.
 */
export function readEntities(value: unknown): MessageEntity[] {
  if (!Array.isArray(value)) return []
  return value.flatMap((entry: unknown) => {
    const refuse = (reason: string) => badRequest(`can't parse MessageEntity: ${reason}`)
    if (typeof entry !== 'object' || entry === null) throw refuse('expected an Object')
    const entity = entry as Record<string, unknown>
    for (const field of ['offset', 'length']) {
      if (!(field in entity)) throw refuse(`Can't find field "${field}"`)
      if (!Number.isInteger(entity[field])) throw refuse(`Field "${field}" must be a valid Number`)
    }
    const type = typeof entity.type === 'string' ? entity.type : ''
    if (type === '') throw refuse('Type is not specified')
    if (AUTOMATIC.test(type)) return []
    if (!KNOWN.has(type)) throw refuse('Unsupported type specified')
    if (type === 'text_link' && typeof entity.url !== 'string') throw refuse('Can\'t find field "url"')
    return [entity as unknown as MessageEntity]
  })
}

export interface Settled extends FormattedText {
  /** What Telegram fixes without a word: entities that overlap where they must not. */
  readonly repairs: readonly string[]
}

/**
 * The text as it will be shown: control characters gone, trimmed, entities inside it.
 * @throws BotRefusal when an entity is outside the text, or nothing is left of it.
 */
export function settleText({ text, entities }: FormattedText): Settled {
  checkRanges(text, entities)
  const cleaned = text.replace(/[\0-\x09\x0b\x0c\x0e-\x1f]/g, ' ')
  const { kept, repairs } = separate(entities.filter(({ length }) => length > 0))
  const carriage = [...cleaned.matchAll(/\r/g)].map(({ index }) => index)
  const moved = kept.map((entity) => withoutCarriageReturns(entity, carriage))
  const body = cleaned.replaceAll('\r', '')
  const end = body.replace(/[ \n]+$/, '').length
  if (end === 0) throw badRequest('text must be non-empty')
  const first = Math.min(end, ...moved.map(({ offset }) => offset))
  const start = body.slice(0, first).length - body.slice(0, first).replace(/^[ \n]+/, '').length
  const inside = moved
    .map((entity) => ({ ...entity, length: Math.min(entity.offset + entity.length, end) - entity.offset }))
    .filter(({ length }) => length > 0)
    .map((entity) => ({ ...entity, offset: entity.offset - start }))
  return { text: body.slice(start, end), entities: inside, repairs }
}

function checkRanges(text: string, entities: readonly MessageEntity[]): void {
  for (const { offset, length } of entities) {
    if (offset < 0 || offset > 1_000_000)
      throw badRequest(`receive an entity with incorrect offset ${offset}`)
    if (length < 0 || length > 1_000_000)
      throw badRequest(`receive an entity with incorrect length ${length}`)
    const end = offset + length
    if (length === 0) continue
    if (offset > text.length)
      throw badRequest(`entity begins after the end of the text at UTF-16 offset ${offset}`)
    if (end > text.length) {
      throw badRequest(
        `entity beginning at UTF-16 offset ${offset} ends after the end of the text at UTF-16 offset ${end}`,
      )
    }
    const splits = (at: number) =>
      /^[\udc00-\udfff]/.test(text.slice(at)) && /[\ud800-\udbff]$/.test(text.slice(0, at))
    if (splits(offset)) {
      throw badRequest(
        `entity begins in a middle of a UTF-16 symbol at byte offset ${byteOffset(text, offset + 1)}`,
      )
    }
    if (splits(end)) {
      const at = byteOffset(text, end + 1)
      throw badRequest(
        `entity beginning at UTF-16 offset ${offset} ends in a middle of a UTF-16 symbol at byte offset ${at}`,
      )
    }
  }
}

function withoutCarriageReturns(entity: MessageEntity, carriage: readonly number[]): MessageEntity {
  const before = (at: number) => carriage.filter((index) => index < at).length
  const end = entity.offset + entity.length
  const offset = entity.offset - before(entity.offset)
  return { ...entity, offset, length: end - before(end) - offset }
}

/** Entities that stand alone must not touch each other, and nothing is bold inside of code. */
function separate(entities: readonly MessageEntity[]): { kept: MessageEntity[]; repairs: string[] } {
  const sorted = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length)
  const repairs: string[] = []
  const kept: MessageEntity[] = []
  for (const entity of sorted) {
    const clash = kept.find((other) => overlap(other, entity) && !mayShare(other, entity))
    if (!clash) kept.push(entity)
    else repairs.push(`${name(entity)} overlaps ${name(clash)} and was dropped`)
  }
  return { kept, repairs }
}

const name = ({ type, offset, length }: MessageEntity) => `${type} at ${offset}+${length}`

const overlap = (a: MessageEntity, b: MessageEntity): boolean =>
  a.offset < b.offset + b.length && b.offset < a.offset + a.length

/** `a` begins no later than `b`. */
function mayShare(a: MessageEntity, b: MessageEntity): boolean {
  const nested = b.offset + b.length <= a.offset + a.length
  const isCode = ({ type }: MessageEntity) => type === 'code' || type === 'pre'
  if (isCode(a) || isCode(b)) return nested && QUOTES.has(a.type)
  if (SPLITTABLE.has(a.type) || SPLITTABLE.has(b.type))
    return nested || (SPLITTABLE.has(a.type) && SPLITTABLE.has(b.type))
  return nested && QUOTES.has(a.type) !== QUOTES.has(b.type)
}
