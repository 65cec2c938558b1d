// Who hears of a delivery (contract section 2), and why others do not. Pure: GitHub was asked before (ask-facts.ts).
import type { User } from '../config/config.ts'
import { type Fields, fields, list } from '../lib/fields.ts'
import { nodesIn, parseMarkdown } from '../lib/markdown.ts'
import type { Decision } from '../store/store.ts'
import { type Question, withoutModule } from './decision-context.ts'

/** Users who hear of the delivery's repository; the first admin when nobody does. */
export const hearersOf = ({ delivery, access, facts }: Question): readonly User[] =>
  access.audience(delivery.repository, facts?.readings)

/** Of the hearers those who hear of this delivery: with `hear: mine` of what concerns them alone. */
export const audienceOf = (context: Question, hearers = hearersOf(context)): User[] =>
  hearers.filter(({ hear, github }) => hear === 'all' || concerns(github, context.delivery.payload))

/** A decision for each who added the repository beyond the configuration, and may not be told of it. */
export function unheard({ delivery, access, facts }: Question): Decision[] {
  return access.addedBeyond(delivery.repository).flatMap((user) => {
    const reading = facts?.readings?.get(user.name)
    if (reading === 'readable') return []
    const unasked = user.github === null ? 'no_login' : 'readable_unknown'
    return withoutModule(user, 'no_message', reading ?? unasked)
  })
}

/** True when this login is author, assignee, requested reviewer or mentioned in what the payload is about. */
export function concerns(login: string | null, payload: unknown): boolean {
  if (login === null) return false
  const wanted = login.toLowerCase()
  const body = fields(payload)
  const isWanted = (name: unknown) => typeof name === 'string' && name.toLowerCase() === wanted
  return peopleOf(body).some(isWanted) || textsOf(body).some((text) => mentions(text, wanted))
}

const subjectOf = (body: Fields): Fields =>
  fields(body['pull_request'] ?? body['issue'] ?? body['discussion'] ?? body['release'])

/** Everything that may be a login. */
function peopleOf(body: Fields): unknown[] {
  const subject = subjectOf(body)
  const accounts = [
    subject['user'],
    subject['author'],
    subject['assignee'],
    body['requested_reviewer'],
    body['assignee'],
    ...list(subject['assignees']),
    ...list(subject['requested_reviewers']),
  ]
  return [...accounts.map((account) => fields(account)['login']), ...committers(body)]
}

/** A push has no subject: its authors are those who pushed and those who wrote its commits. */
function committers(body: Fields): unknown[] {
  const pusher = fields(body['pusher'])['name']
  return [pusher, ...list(body['commits']).map((commit) => fields(fields(commit)['author'])['username'])]
}

function textsOf(body: Fields): string[] {
  const subject = subjectOf(body)
  const texts = [
    subject['title'],
    subject['body'],
    fields(body['comment'])['body'],
    fields(body['review'])['body'],
    ...list(body['commits']).map((commit) => fields(commit)['message']),
  ]
  return texts.filter((text) => typeof text === 'string')
}

/** Not inside a word, an address or a path; `@org/team` is a team, whose members nobody knows here. */
const MENTION = /(?<![\w`/.-])@([a-z\d](?:[\w-]*[a-z\d])?)(?![\w/])/gi

/** GitHub mentions nobody in code. */
function mentions(text: string, login: string): boolean {
  if (!text.toLowerCase().includes(`@${login}`)) return false
  const tree = parseMarkdown(text)
  const said =
    tree === null ? [text] : [...nodesIn(tree)].map((node) => (node.type === 'text' ? node.value : ''))
  return said.some((part) => [...part.matchAll(MENTION)].some((match) => match[1]?.toLowerCase() === login))
}
