// Values are counted before a single one of them is built: 25 MiB of `[{},{},…]` would be 500 MB of objects, and
// JSON.parse stops for nobody once it has begun.
import { UserError } from '../lib/errors.ts'

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const BRACKET = 0x5b
const BACKSLASH = 0x5c
const BRACE = 0x7b

/**
 * One pass over the bytes, which need not be JSON; keys count as values.
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
