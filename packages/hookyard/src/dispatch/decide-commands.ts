// The commands of a comment -> runs. A command is somebody's wish, so windows and the manifest's filters do not hold
// it up (that the author is no bot does); whether its author may is a fact that was asked of GitHub before. Pure.
import { type Command, matchCommands } from '../command/match-commands.ts'
import type { User } from '../config/config.ts'
import { fields } from '../lib/fields.ts'
import { isBot } from '../registry/filters.ts'
import type { Binding, Module } from '../registry/manifest.ts'
import { newRun } from '../store/new-run.ts'
import type { Decision } from '../store/store.ts'
import { type DecisionContext, type Question, errorReason, skipped } from './decision-context.ts'
import { notEligible } from './eligibility.ts'
import { startRun } from './coalesce-or-plan-run.ts'
import { hearersOf } from './who-hears.ts'

/** What the commands of a comment have come to. */
export interface Commanded {
  /** Modules that their command has decided for everybody, with a run or without. */
  readonly decided: ReadonlySet<string>
  /** By module that its webhook trigger decides: who is there by a command alone, and it decides for them as well. */
  readonly callers: ReadonlyMap<string, readonly User[]>
  /** It holds a valid command. */
  readonly taken: boolean
}

/** Decides the commands of the delivery, but for those behind a webhook trigger that matches too. */
export function decideCommands(
  bindings: readonly Binding[],
  audience: readonly User[],
  context: DecisionContext,
): Commanded {
  const { delivery, registry, access, draft } = context
  const decided = new Set<string>()
  const callers = new Map<string, readonly User[]>()
  let taken = false
  for (const command of matchCommands(delivery, registry)) {
    const { name } = command.module
    const author = access.people(command.comment.login)
    const people = [...new Set([...audience, ...author])]
    try {
      const judgement = judge(command, people, context)
      if (isBehind(command, bindings)) {
        const strangers = author.filter((user) => !audience.includes(user))
        if (judgement.valid) callers.set(name, strangers)
        else draft.decisions.push(...refuse(name, strangers, judgement))
      } else {
        const { valid } = judgement
        draft.decisions.push(
          ...(valid ? start(command, judgement, author, context) : refuse(name, people, judgement)),
        )
        decided.add(name)
      }
      taken ||= judgement.valid
    } catch (thrown) {
      draft.decisions.push(...people.map((user) => skipped(name, user, errorReason(thrown))))
      decided.add(name)
    }
  }
  return { decided, callers, taken }
}

/** Whether a webhook trigger of the module matches too and stands before the command: the first in the file counts. */
function isBehind({ module, command }: Command, bindings: readonly Binding[]): boolean {
  const bound = bindings.find((binding) => binding.module.name === module.name)
  if (bound === undefined) return false
  const first = module.manifest.triggers.find(
    (trigger) => trigger === bound.trigger || (trigger.type === 'command' && trigger.command === command),
  )
  return first === bound.trigger
}

/** Whether anybody wants what the comment commands, so that it is worth asking whether its author may. */
export function wantedCommands(question: Question): readonly Command[] {
  const { delivery, registry, access } = question
  const { repository, payload } = delivery
  if (repository === null || !access.reaches(repository)) return []
  return matchCommands(delivery, registry).filter(({ module, comment }) =>
    [...hearersOf(question), ...access.people(comment.login)].some(
      (user) => against(module, user, payload) === null && access.mayCall(user, repository),
    ),
  )
}

/** Who wants what is commanded, and whether it is to be. */
interface Judgement {
  /** What stands against each of the people; null: they want it. */
  readonly reasons: ReadonlyMap<User, string | null>
  readonly authority: string | null
  readonly valid: boolean
}

function judge({ module }: Command, people: readonly User[], context: DecisionContext): Judgement {
  const reasons = new Map(people.map((user) => [user, against(module, user, context.delivery.payload)]))
  const wanting = people.filter((user) => reasons.get(user) === null)
  const authority = authorityOf(wanting, context)
  return { reasons, authority, valid: wanting.length > 0 && authority === null }
}

const refuse = (module: string, people: readonly User[], { reasons, authority }: Judgement) =>
  people.map((user) => skipped(module, user, reasons.get(user) ?? authority))

function start(
  { module, command, args, comment }: Command,
  { reasons }: Judgement,
  author: readonly User[],
  context: DecisionContext,
): Decision[] {
  const { entity, repository, event, action, receivedAt, guid } = context.delivery
  // Who asked hears of it, also without the flag: others want the module, and so there is a run.
  const hears = (user: User) => reasons.get(user) === null || author.includes(user)
  const run = newRun(module, {
    id: context.newRunId(),
    entity,
    repository,
    trigger: {
      type: 'command',
      event,
      action,
      by: comment.login,
      at: new Date(receivedAt).toISOString(),
      data: { command, args, comment_id: comment.id, comment_url: comment.url },
    },
    delivery: guid,
    recipients: [...reasons.keys()].filter(hears).map(({ name }) => name),
    createdAt: context.now,
  })
  startRun(run, context)
  const reason = context.facts?.author === 'assumed' ? 'assumed_write_access' : null
  return [...reasons].map(([user, against]) =>
    hears(user)
      ? { user: user.name, module: run.module, outcome: 'ran', reason, runId: run.id }
      : skipped(module.name, user, against),
  )
}

/** What stands between this user and a run of the module, authority aside; null when nothing does. */
const against = (module: Module, user: User, payload: unknown): string | null =>
  notEligible(
    module,
    user,
    module.manifest.when.ignoreBots && isBot(fields(fields(payload)['sender']))
      ? 'filtered:ignore_bots'
      : null,
  )

/** Why no run may start here; null when the author may command, and somebody who wants the module may start it. */
function authorityOf(wanting: readonly User[], { delivery, access, facts }: DecisionContext): string | null {
  const { repository } = delivery
  // Who hears or wants by their own word alone, said in a chat, joins a run and starts none.
  if (repository === null || !access.reaches(repository)) return 'not_authorized'
  if (!wanting.some((user) => access.mayCall(user, repository))) return 'not_authorized'
  const author = facts?.author ?? 'unknown'
  if (author === 'refused') return 'not_authorized'
  return author === 'unknown' ? 'permission_unknown' : null
}
