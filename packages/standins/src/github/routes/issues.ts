// Issues, their comments, labels and reactions. A pull request is an issue here too, as it is at GitHub.
import type { Reply } from '../../http.ts'
import { isObject } from '../../is-object.ts'
import { Refusal, notFound, validationFailed } from '../refusal.ts'
import { label } from '../render/repository.ts'
import { commentsOf, issue, issueComment, reaction } from '../render/thread.ts'
import { addComment, ensureLabel } from '../seed.ts'
import { atLeast, roleOf } from '../state.ts'
import type { CommentState, LabelState, ReactionState } from '../state.ts'
import { actor, json, noContent, page, repositoryOf, requireRole, since, text, threadOf } from './call.ts'
import type { Call, Routes } from './call.ts'

const LONGEST_BODY = 65_536
const LONGEST_LABEL = 50

/** By operation id. */
export const issueRoutes: Routes = {
  'issues/get': (call) => json(200, issue(call.links, repositoryOf(call), threadOf(call))),
  'issues/list-for-repo': listIssues,
  'issues/list-comments': (call) => {
    const comments = since(call, commentsOf(repositoryOf(call), threadOf(call).number))
    return page(call, comments, (state) => issueComment(call.links, repositoryOf(call), state))
  },
  'issues/list-comments-for-repo': (call) => {
    const repository = repositoryOf(call)
    const key = call.query.get('sort') === 'updated' ? 'updatedAt' : 'createdAt'
    const comments = since(call, [...repository.comments.values()]).sort((a, b) =>
      a[key].localeCompare(b[key]),
    )
    const ordered = call.query.get('direction') === 'desc' ? comments.toReversed() : comments
    return page(call, ordered, (state) => issueComment(call.links, repository, state))
  },
  'issues/get-comment': (call) => json(200, issueComment(call.links, repositoryOf(call), commentOf(call))),
  'issues/create-comment': createComment,
  'issues/update-comment': updateComment,
  'issues/delete-comment': (call) => {
    const { id } = ownComment(call)
    repositoryOf(call).comments.delete(id)
    return noContent
  },
  'reactions/list-for-issue-comment': (call) =>
    page(call, commentOf(call).reactions, (state) => reaction(call.links, state)),
  'reactions/create-for-issue-comment': (call) => react(call, commentOf(call).reactions),
  'reactions/create-for-issue': (call) => react(call, threadOf(call).reactions),
  'issues/list-labels-on-issue': (call) =>
    page(call, labelsOf(call), (state) => label(call.links, repositoryOf(call), state)),
  'issues/add-labels': addLabels,
  'issues/remove-label': removeLabel,
  'issues/list-labels-for-repo': (call) => {
    const repository = repositoryOf(call)
    return page(call, [...repository.labels.values()], (state) => label(call.links, repository, state))
  },
  'issues/get-label': (call) => {
    const found = repositoryOf(call).labels.get((call.params.name ?? '').toLowerCase())
    if (!found) throw notFound()
    return json(200, label(call.links, repositoryOf(call), found))
  },
  'issues/create-label': createLabel,
}

function listIssues(call: Call): Reply {
  const repository = repositoryOf(call)
  const state = call.query.get('state') ?? 'open'
  const wanted = (call.query.get('labels') ?? '').split(',').filter(Boolean)
  const creator = call.query.get('creator')?.toLowerCase()
  const key = call.query.get('sort') === 'updated' ? 'updatedAt' : 'createdAt'
  const found = since(call, [...repository.threads.values()])
    .filter((thread) => state === 'all' || thread.state === state)
    .filter((thread) =>
      wanted.every((name) => thread.labels.some((label) => label.toLowerCase() === name.toLowerCase())),
    )
    .filter((thread) => creator === undefined || thread.user.login.toLowerCase() === creator)
    .sort((a, b) => a[key].localeCompare(b[key]) || a.number - b.number)
  const ordered = call.query.get('direction') === 'asc' ? found : found.toReversed()
  return page(call, ordered, (thread) => issue(call.links, repository, thread))
}

function commentOf(call: Call): CommentState {
  const found = repositoryOf(call).comments.get(Number(call.params.comment_id))
  if (!found) throw notFound()
  return found
}

/** Only the author, or someone who may write to the repository, changes a comment. */
function ownComment(call: Call): CommentState {
  const comment = commentOf(call)
  const user = actor(call)
  const allowed = comment.user === user || atLeast(roleOf(repositoryOf(call), user.login), 'write')
  if (!allowed) throw new Refusal(403, 'Must have admin rights to Repository.')
  return comment
}

function createComment(call: Call): Reply {
  const thread = threadOf(call)
  const body = text(call.body.body) ?? ''
  if (thread.locked) throw new Refusal(403, 'Unable to create comment because issue is locked.')
  if (body.trim() === '') {
    throw validationFailed({
      resource: 'IssueComment',
      code: 'unprocessable',
      field: 'data',
      message: 'Body cannot be blank',
    })
  }
  if (body.length > LONGEST_BODY) {
    const message = `Body is too long (maximum is ${LONGEST_BODY} characters)`
    throw validationFailed({ resource: 'IssueComment', code: 'unprocessable', field: 'data', message })
  }
  const comment = addComment(call.world, repositoryOf(call), thread.number, {
    login: actor(call).login,
    body,
  })
  const answer = issueComment(call.links, repositoryOf(call), comment)
  return json(201, answer, { location: String(answer.url) })
}

function updateComment(call: Call): Reply {
  const comment = ownComment(call)
  const body = text(call.body.body) ?? ''
  if (body.trim() === '' || body.length > LONGEST_BODY) {
    const message =
      body.trim() === '' ? "body can't be blank" : `body is too long (maximum is ${LONGEST_BODY} characters)`
    throw validationFailed({ resource: 'IssueComment', code: 'custom', field: 'body', message })
  }
  comment.body = body
  comment.updatedAt = call.world.now()
  return json(200, issueComment(call.links, repositoryOf(call), comment))
}

/** A reaction that was there already is answered with 200. */
function react(call: Call, reactions: ReactionState[]): Reply {
  const content = text(call.body.content) ?? ''
  const user = actor(call)
  const known = reactions.find((state) => state.user === user && state.content === content)
  if (known) return json(200, reaction(call.links, known))
  const state = { id: call.world.nextId(), content, user, createdAt: call.world.now() }
  reactions.push(state)
  return json(201, reaction(call.links, state))
}

const labelsOf = (call: Call): LabelState[] =>
  threadOf(call).labels.flatMap((name) => repositoryOf(call).labels.get(name.toLowerCase()) ?? [])

/** GitHub creates the labels that the repository does not have; so a caller that invents one is seen here. */
function addLabels(call: Call): Reply {
  requireRole(call, 'triage')
  const repository = repositoryOf(call)
  const thread = threadOf(call)
  const entries = Array.isArray(call.body.labels) ? (call.body.labels as unknown[]) : []
  const names = entries.map((entry) => (isObject(entry) ? (text(entry.name) ?? '') : String(entry)))
  for (const name of names) {
    if (name.trim() === '' || name.length > LONGEST_LABEL) {
      throw validationFailed({ resource: 'Label', code: 'invalid', field: 'name' })
    }
  }
  for (const name of names) {
    const { name: spelled } = ensureLabel(call.world, repository, name)
    if (!thread.labels.includes(spelled)) thread.labels.push(spelled)
  }
  thread.updatedAt = call.world.now()
  return json(
    200,
    labelsOf(call).map((state) => label(call.links, repository, state)),
  )
}

function removeLabel(call: Call): Reply {
  requireRole(call, 'triage')
  const thread = threadOf(call)
  const name = (call.params.name ?? '').toLowerCase()
  if (!thread.labels.some((known) => known.toLowerCase() === name))
    throw new Refusal(404, 'Label does not exist')
  thread.labels = thread.labels.filter((known) => known.toLowerCase() !== name)
  thread.updatedAt = call.world.now()
  return json(
    200,
    labelsOf(call).map((state) => label(call.links, repositoryOf(call), state)),
  )
}

function createLabel(call: Call): Reply {
  requireRole(call, 'write')
  const repository = repositoryOf(call)
  const name = text(call.body.name) ?? ''
  if (repository.labels.has(name.toLowerCase())) {
    throw validationFailed({ resource: 'Label', code: 'already_exists', field: 'name' })
  }
  const color = text(call.body.color)
  if (
    name.trim() === '' ||
    name.length > LONGEST_LABEL ||
    (color !== undefined && !/^[0-9a-f]{6}$/i.test(color))
  ) {
    throw validationFailed({
      resource: 'Label',
      code: 'invalid',
      field: color === undefined ? 'name' : 'color',
    })
  }
  const made = ensureLabel(call.world, repository, name, text(call.body.description) ?? null)
  const state = color === undefined ? made : { ...made, color }
  repository.labels.set(name.toLowerCase(), state)
  return json(201, label(call.links, repository, state))
}
