// What a payload says that somebody wrote: a comment, a review, a check. Its words may be this service's own.
import { type Fields, fields, list, text } from '../lib/fields.ts'

export interface Writing {
  /** `owner/name`, in lower case. */
  readonly repository: string
  /** As the marks of this service name it. */
  readonly kind: 'comment' | 'review' | 'review_comment' | 'check'
  readonly id: number
  /** The text in which a mark may stand. */
  readonly text: string
  /** null: the payload does not say. */
  readonly author: string | null
  /** The entities that a mark may be bound to: `owner/name#42`, in lower case. */
  readonly entities: readonly string[]
  /** The review that an inline comment belongs to. */
  readonly reviewId: number | null
}

/** What the delivery tells of, or null when it is nothing that is written. */
export function writingOf(delivery: {
  readonly repository: string | null
  readonly entity: string
  readonly payload: unknown
}): Writing | null {
  const { repository } = delivery
  if (repository === null) return null
  const body = fields(delivery.payload)
  const [comment, review, check] = ['comment', 'review', 'check_run'].map((name) => fields(body[name]))
  const reviewId = idOf(comment?.['pull_request_review_id'])
  const written =
    read(reviewId === null ? 'comment' : 'review_comment', comment) ??
    read('review', review) ??
    read('check', check)
  if (written === null) return null
  if (written.kind !== 'check') return { ...written, repository, entities: [delivery.entity], reviewId }
  const numbers = list(check?.['pull_requests']).flatMap((pull) => idOf(fields(pull)['number']) ?? [])
  return {
    ...written,
    repository,
    entities: numbers.map((number) => `${repository}#${number}`),
    reviewId,
    // A check run carries its mark in a field that is not shown.
    text: `<!-- ${text(check?.['external_id']) ?? ''} -->`,
  }
}

function read(
  kind: Writing['kind'],
  from: Fields = {},
): Pick<Writing, 'kind' | 'id' | 'text' | 'author'> | null {
  const id = idOf(from['id'])
  if (id === null) return null
  return { kind, id, text: text(from['body']) ?? '', author: text(fields(from['user'])['login']) }
}

function idOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null
}
