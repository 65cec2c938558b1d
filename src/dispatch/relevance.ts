// `hear: mine`: a user who only wants what concerns them (contract section 2).
import { fields, list } from '../lib/fields.ts'

/** True when this login is author, assignee, requested reviewer or mentioned in what the payload is about. */
export function concerns(login: string | null, payload: unknown): boolean {
  if (login === null) return false
  const wanted = login.toLowerCase()
  const body = fields(payload)
  const subject = fields(body['pull_request'] ?? body['issue'] ?? body['discussion'])
  const people = [
    subject['user'],
    subject['assignee'],
    body['requested_reviewer'],
    body['assignee'],
    ...list(subject['assignees']),
    ...list(subject['requested_reviewers']),
  ]
  if (people.some((person) => String(fields(person)['login'] ?? '').toLowerCase() === wanted)) return true
  const texts = [
    subject['title'],
    subject['body'],
    fields(body['comment'])['body'],
    fields(body['review'])['body'],
  ]
  return texts.some((text) => typeof text === 'string' && mentions(text, wanted))
}

function mentions(text: string, login: string): boolean {
  for (const match of text.matchAll(/(?<![\w`/])@([a-z\d](?:[a-z\d-]{0,38}))/gi)) {
    if (match[1]?.toLowerCase() === login) return true
  }
  return false
}
