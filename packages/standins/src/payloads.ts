// GitHub's own example payloads, and the headers that GitHub sends with a delivery.
import { createHmac, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

/** The JSON of a delivery. */
export type Payload = Readonly<Record<string, unknown>>

export interface OfficialPayload {
  readonly event: string
  readonly action: string | null
  /** `event.action#index`, unique: for test titles. */
  readonly name: string
  readonly payload: Payload
}

let cached: readonly OfficialPayload[] | null = null

/** All 329 example payloads of all 58 events, in the package's order. Read once, about 4 MB. */
export function allOfficialPayloads(): readonly OfficialPayload[] {
  cached ??= readExamples()
  return cached
}

function readExamples(): OfficialPayload[] {
  const file = createRequire(import.meta.url).resolve('@octokit/webhooks-examples')
  const events = JSON.parse(readFileSync(file, 'utf8')) as { name: string; examples: Payload[] }[]
  const counts = new Map<string, number>()
  return events.flatMap(({ name: event, examples }) =>
    examples.map((payload) => {
      const action = typeof payload.action === 'string' ? payload.action : null
      const key = action === null ? event : `${event}.${action}`
      const index = counts.get(key) ?? 0
      counts.set(key, index + 1)
      return { event, action, name: `${key}#${index}`, payload }
    }),
  )
}

/**
 * A fresh copy of the `index`-th example of this event and action (`null`: events without actions).
 * @throws RangeError naming what there is, when there is no such example.
 */
export function officialPayload(event: string, action: string | null, index = 0): Record<string, unknown> {
  const ofEvent = allOfficialPayloads().filter((example) => example.event === event)
  const found = ofEvent.filter((example) => example.action === action)[index]
  if (found) return structuredClone(found.payload) as Record<string, unknown>
  const known = ofEvent.map(({ name }) => name).join(', ') || 'none of that event'
  throw new RangeError(`no official payload ${event}.${action ?? '-'}#${index}; there is: ${known}`)
}

export interface SignOptions {
  readonly event: string
  /** Default: a fresh one. */
  readonly guid?: string
  /** Default `1`. */
  readonly hookId?: string
}

/** The headers that GitHub sends with this body; `secret` signs it. */
export function signedHeaders(
  secret: string,
  body: string | Uint8Array,
  { event, guid = randomUUID(), hookId = '1' }: SignOptions,
): Record<string, string> {
  const hmac = (algorithm: string) => createHmac(algorithm, secret).update(body).digest('hex')
  return {
    'content-type': 'application/json',
    accept: '*/*',
    'user-agent': 'GitHub-Hookshot/5e1f2a3',
    'x-github-event': event,
    'x-github-delivery': guid,
    'x-github-hook-id': hookId,
    'x-github-hook-installation-target-type': 'repository',
    'x-hub-signature': `sha1=${hmac('sha1')}`,
    'x-hub-signature-256': `sha256=${hmac('sha256')}`,
  }
}
