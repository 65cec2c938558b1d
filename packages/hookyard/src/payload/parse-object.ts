import { isUtf8 } from 'node:buffer'
import { UserError } from '../lib/errors.ts'

/** In bytes. A larger payload is parsed in a thread of its own; the largest of GitHub's examples has 32 KB. */
export const LARGE_BYTES = 128 * 1024

/**
 * Values and keys of a webhook together. GitHub's examples have one per 26 bytes, the densest (a list of repositories)
 * one per 11: 25 MiB of that pass.
 */
const MAX_VALUES = 2_500_000

/**
 * Parses bytes as a JSON object.
 * @throws UserError invalid_json, not_an_object; too_large for more values and keys than these, none of them built
 */
export function parseObject(body: Buffer, maxValues = MAX_VALUES): object {
  // Otherwise invalid bytes would turn into U+FFFD unseen.
  if (!isUtf8(body)) throw new UserError('invalid_json', 'the body is not valid UTF-8')
  // In so few bytes there is no room for many.
  if (body.length > LARGE_BYTES) refuseManyValues(body, maxValues)
  let value: unknown
  try {
    value = JSON.parse(body.toString('utf8'))
  } catch (cause) {
    throw new UserError('invalid_json', 'the body is not valid JSON', { cause })
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  const found = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`
  throw new UserError('not_an_object', `the body is ${found}; it must be a JSON object`)
}

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const BRACKET = 0x5b
const BACKSLASH = 0x5c
const BRACE = 0x7b

/**
 * Values are counted before a single one of them is built: 25 MiB of `[{},{},…]` would be 500 MB of objects, and
 * JSON.parse stops for nobody once it has begun. One pass over the bytes, which need not be JSON; keys count as values.
 * @throws UserError too_large
 */
export function refuseManyValues(json: Uint8Array, maxValues: number): void {
  let values = 1
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at]
    if (byte === QUOTE) at = endOfString(json, at)
    else if (byte === COMMA || byte === COLON || byte === BRACE || byte === BRACKET) {
      values += 1
      if (values > maxValues)
        throw new UserError('too_large', `the body holds more than ${maxValues} values and keys`)
    }
  }
}

/** The position of the quote that ends the string which begins at `start`; the text's end when none does. */
function endOfString(json: Uint8Array, start: number): number {
  for (let at = start + 1; at < json.length; at += 1) {
    const byte = json[at]
    if (byte === QUOTE) return at
    if (byte === BACKSLASH) at += 1
  }
  return json.length
}
