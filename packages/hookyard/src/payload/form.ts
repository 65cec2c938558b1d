// A webhook set to `application/x-www-form-urlencoded`: the JSON comes percent-encoded in the field `payload`. The
// signature is over the form, so these look at the raw bytes.
import { isUtf8 } from 'node:buffer'
import { UserError } from '../lib/errors.ts'

const PAYLOAD = Buffer.from('payload=')

/** Whether the form has the field; nothing is decoded. */
export const hasPayload = (body: Buffer): boolean =>
  body.subarray(0, PAYLOAD.length).equals(PAYLOAD) || body.includes('&payload=')

/**
 * The JSON's bytes out of the form.
 * @throws UserError invalid_json when the field is no percent-encoded UTF-8
 */
export function formPayload(body: Buffer): Buffer {
  const fields = isUtf8(body) ? body.toString('utf8').split('&') : []
  const field = fields.find((part) => part.startsWith('payload='))
  try {
    if (field === undefined) throw new URIError('not UTF-8')
    return Buffer.from(decodeURIComponent(field.slice(PAYLOAD.length).replaceAll('+', ' ')))
  } catch (cause) {
    throw new UserError('invalid_json', 'the field `payload` is not percent-encoded UTF-8', { cause })
  }
}
