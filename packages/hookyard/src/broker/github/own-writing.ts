// Whether something on GitHub was written by this service. Its own words must start nothing, or modules would answer
// each other for ever; and its author proves nothing, since with a personal token that is a human like any other.
import { toError } from '../../lib/errors.ts'
import type { EffectDeps } from './call.ts'
import { findMarker } from './marker.ts'

/** A comment, review, inline comment or check, as a webhook tells of it. */
export interface WrittenThing {
  readonly kind: string
  readonly id: number
  /** Where a marker may stand. */
  readonly text: string
  readonly author: string | null
  /** What a marker may be bound to: `owner/name#42`, in lower case. */
  readonly entities: readonly string[]
  /** The review that an inline comment belongs to. */
  readonly reviewId: number | null
}

/** By its receipt; else, since a webhook may be here before the receipt is, by the marker that this service signed. */
export async function isOwnWriting(
  deps: EffectDeps,
  repository: string,
  thing: WrittenThing,
): Promise<boolean> {
  const { kind, id, reviewId, author } = thing
  if (await deps.effects.isReceipt(kind, id)) return true
  if (reviewId !== null && (await deps.effects.isReceipt('review', reviewId))) return true
  const marked = thing.entities.some(
    (entity) => findMarker(deps.markerKey, thing.text, { entity, kind }) !== null,
  )
  if (!marked || author === null) return marked
  try {
    const login = await deps.github.ownLogin(repository)
    // Whoever copies our words, marker and all, is still a stranger; but some tokens do not say whose they are.
    return login === '' || login.toLowerCase() === author.toLowerCase()
  } catch (thrown) {
    deps.log.warn(
      { err: toError(thrown), repository },
      'GitHub did not tell our own login; the marker decides',
    )
    return true
  }
}
