// Keyboards under a message: their shape, and what a button may carry.
import { badRequest } from './entities.ts'
import { isObject } from '../is-object.ts'

/** Bytes. */
const LONGEST_CALLBACK_DATA = 64

/** One of these must say what an inline button does. */
const ACTIONS = [
  'callback_game',
  'pay',
  'switch_inline_query',
  'switch_inline_query_current_chat',
  'switch_inline_query_chosen_chat',
  'login_url',
  'web_app',
  'copy_text',
]

/**
 * The reply markup of a message; null when there is none.
 * @throws BotRefusal as the Bot API refuses it.
 */
export function readMarkup(value: unknown): Record<string, unknown> | null {
  if (value === undefined || value === null || value === '') return null
  if (!isObject(value)) throw badRequest('object expected as reply markup')
  const rows = value.inline_keyboard
  if (rows === undefined) return value
  if (!Array.isArray(rows)) throw badRequest('field "inline_keyboard" must be of type Array')
  for (const row of rows as unknown[]) {
    if (!Array.isArray(row)) {
      throw badRequest('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
    }
    for (const button of row as unknown[]) checkButton(button)
  }
  return value
}

function checkButton(button: unknown): void {
  const refuse = (reason: string) => badRequest(`can't parse inline keyboard button: ${reason}`)
  if (!isObject(button)) throw refuse('InlineKeyboardButton must be an Object')
  if (typeof button.text !== 'string') throw refuse('Can\'t find field "text"')
  if (button.text === '') throw badRequest('BUTTON_TEXT_INVALID')
  if (typeof button.url === 'string' && button.url !== '') return checkUrl(button.url)
  if (typeof button.callback_data === 'string' && button.callback_data !== '') {
    if (Buffer.byteLength(button.callback_data) > LONGEST_CALLBACK_DATA)
      throw badRequest('BUTTON_DATA_INVALID')
    return
  }
  if (!ACTIONS.some((action) => action in button))
    throw refuse('Text buttons are unallowed in the inline keyboard')
}

function checkUrl(url: string): void {
  const isTelegram = /^tg:\/\//i.test(url)
  const isWeb = /^https?:\/\//i.test(url) && URL.canParse(url) && new URL(url).hostname.includes('.')
  if (!isTelegram && !isWeb)
    throw badRequest(`inline keyboard button URL '${url}' is invalid: Wrong HTTP URL`)
}
