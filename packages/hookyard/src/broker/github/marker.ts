// The hidden mark at the end of what this service writes: how a retry finds its own comment again. It is signed,
// because anybody may write a comment, and with a personal token the author is a human like any other.
import { createHmac, timingSafeEqual } from 'node:crypto'

/** What a marker is bound to. */
export interface Marked {
  readonly module: string
  /** `owner/name#42`. */
  readonly entity: string
  /** The verb: comment, review, check. */
  readonly kind: string
  readonly key: string
}

/** What a valid marker says; the key itself stays hidden. */
export interface FoundMarker {
  readonly module: string
  readonly keyHash: string
  /** The marker as it stands in the text. */
  readonly text: string
}

const MARKER = /<!-- hookyard:v1:([a-z][a-z0-9-]{0,62}):([0-9a-f]{32}):([\w-]{43}) -->/g
/** Anything that begins like a marker, well-formed or not, closed or not. */
const LOOKALIKE = /<!--\s*hookyard:(?:[\s\S]*?-->)?/gi

/** The marker to put into a text. */
export function signMarker(markerKey: string, marked: Marked): string {
  return `<!-- ${signature(markerKey, marked)} -->`
}

/** The same without the comment marks, for fields that are not shown (a check run's `external_id`). */
export function signature(markerKey: string, { module, entity, kind, key }: Marked): string {
  const keyHash = hashKey(markerKey, kind, key)
  return `hookyard:v1:${module}:${keyHash}:${seal(markerKey, module, entity, kind, keyHash)}`
}

/** How a key appears in a marker. */
export function hashKey(markerKey: string, kind: string, key: string): string {
  return mac(markerKey, ['key', kind, key]).toString('hex').slice(0, 32)
}

/** The first marker in a text that this installation signed for this entity and kind, or null. */
export function findMarker(
  markerKey: string,
  text: string,
  where: { entity: string; kind: string },
): FoundMarker | null {
  for (const [marker, module = '', keyHash = '', sealed = ''] of text.matchAll(MARKER)) {
    if (isEqual(sealed, seal(markerKey, module, where.entity, where.kind, keyHash)))
      return { module, keyHash, text: marker }
  }
  return null
}

/** The marker of what this service wrote: under its login, signed for this very place; null of anything else. */
export function ownMarker(
  markerKey: string,
  written: { readonly user: { readonly login: string } | null; readonly body?: string | null | undefined },
  login: string,
  where: { entity: string; kind: string },
): FoundMarker | null {
  if (written.user?.login.toLowerCase() !== login.toLowerCase()) return null
  return findMarker(markerKey, written.body ?? '', where)
}

/** The text without markers, ours or forged. */
export function stripMarkers(text: string): string {
  let before = text
  // Repeated, because taking one out may put another together.
  for (;;) {
    const after = before.replace(LOOKALIKE, '')
    if (after === before) return after
    before = after
  }
}

function seal(markerKey: string, module: string, entity: string, kind: string, keyHash: string): string {
  return mac(markerKey, ['marker', module, entity.toLowerCase(), kind, keyHash]).toString('base64url')
}

// JSON, so that no two lists of parts read alike.
function mac(markerKey: string, parts: readonly string[]): Buffer {
  return createHmac('sha256', markerKey).update(JSON.stringify(parts)).digest()
}

/** Takes the same time wherever two strings differ. */
export function isEqual(a: string, b: string): boolean {
  const left = Buffer.from(a)
  const right = Buffer.from(b)
  return left.length === right.length && timingSafeEqual(left, right)
}
