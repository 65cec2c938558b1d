// GUIDs as GitHub makes them, by time: `72d3162e-cc78-11e3-81ab-4c9367dc0958` is the example of
// https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers, a UUID of version 1 (RFC 9562,
// section 5.1). Those of a burst lie side by side in an index; random ones would touch a page each.
import { randomBytes } from 'node:crypto'
import { performance } from 'node:perf_hooks'

/** From the beginning of the Gregorian calendar to the epoch, in units of 100 ns. */
const GREGORIAN = 122_192_928_000_000_000n

/** A source of GUIDs, no two alike; `now` answers ms since the epoch. */
export function createGuids(now = () => performance.timeOrigin + performance.now()): () => string {
  let last = 0n
  const node = randomBytes(6).toString('hex')
  return () => {
    const time = BigInt(Math.round(now() * 10_000)) + GREGORIAN
    last = time > last ? time : last + 1n
    const hex = last.toString(16).padStart(15, '0')
    return `${hex.slice(7)}-${hex.slice(3, 7)}-1${hex.slice(0, 3)}-8000-${node}`
  }
}
