// A refused command is explained by a comment once per person and thread, and by a reaction from then on.
import { Call, type EffectDeps } from './call.ts'
import { writeComment } from './comment.ts'
import { type RunScope, ownerAndName } from './scope.ts'

/** A command of somebody who may not. */
export interface DeclinedCommand {
  /** `owner/name`, in lower case. */
  readonly repository: string
  readonly number: number
  readonly commentId: number
  readonly login: string
  readonly command: string
}

/** The service's own name where a module's stands: in markers and receipts. */
const SERVICE = 'hookyard'

/** Explains; a second time for the same comment it does nothing. @throws what GitHub refuses. */
export async function declineCommand(
  deps: EffectDeps,
  declined: DeclinedCommand,
  signal: AbortSignal,
): Promise<void> {
  const { repository, number, commentId, login, command } = declined
  const entity = `${repository}#${number}`.toLowerCase()
  const key = `declined ${login.toLowerCase()}`
  const cause = `comment ${commentId}`
  const known = await deps.effects.find({ module: SERVICE, entity, kind: 'comment', key })
  if (known && known.runId !== cause) {
    const { rest } = deps.github.octokit(repository, signal)
    // GitHub keeps one reaction of a kind and a user.
    const on = { ...ownerAndName(repository), comment_id: commentId }
    await rest.reactions.createForIssueComment({ ...on, content: 'confused' })
    return
  }
  const scope: RunScope = {
    runId: cause,
    module: SERVICE,
    entity,
    repository,
    subject: { kind: 'issue', number, headSha: null },
    may: ['comment'],
    signal,
  }
  const to = /^[a-z\d-]{1,39}$/i.test(login) ? `@${login} ` : ''
  const text = `${to}\`/${command}\` started nothing: commands are for people with write access to ${repository}.`
  await writeComment(new Call(deps, scope, 'comment', [key, text]))
}
