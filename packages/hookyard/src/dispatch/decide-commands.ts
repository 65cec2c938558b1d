// The commands of a comment -> runs. A command is somebody's wish, so windows and the manifest's filters do not hold
// it up (that the author is no bot does); whether its author may is a fact that was asked of GitHub before. Pure.
import { hasFeature } from '../access/has-feature.ts'
import { type Command, matchCommands } from '../command/match-commands.ts'
import type { User } from '../config/config.ts'
import { toError } from '../lib/errors.ts'
import { fields } from '../lib/fields.ts'
import { isBot } from '../registry/filters.ts'
import type { Binding, Module } from '../registry/manifest.ts'
import type { Decision, NewRun } from '../store/store.ts'
import { hearersOf } from './hearing.ts'
import { startRun } from './plan-run.ts'
import type { DeliveryToDecide, Draft, World } from './world.ts'

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
  delivery: DeliveryToDecide,
  audience: readonly User[],
  world: World,
  draft: Draft,
): Commanded {
  const decided = new Set<string>()
  const callers = new Map<string, readonly User[]>()
  let taken = false
  const bindings = world.registry.bindingsFor(delivery.event, delivery.action)
  for (const command of matchCommands(delivery, world.registry)) {
    const { name } = command.module
    const author = world.access.people(command.comment.login)
    const people = [...new Set([...audience, ...author])]
    try {
      const judgement = judge(command, people, delivery, world)
      if (isBehind(command, bindings)) {
        const strangers = author.filter((user) => !audience.includes(user))
        if (judgement.valid) callers.set(name, strangers)
        else draft.decisions.push(...refuse(command, strangers, judgement))
      } else {
        draft.decisions.push(
          ...(judgement.valid
            ? start(command, judgement, author, delivery, world, draft)
            : refuse(command, people, judgement)),
        )
        decided.add(name)
      }
      taken ||= judgement.valid
    } catch (thrown) {
      const reason = `error:${toError(thrown).message.slice(0, 200)}`
      draft.decisions.push(...people.map((user) => skipped(command, user, reason)))
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
export function wantedCommands(
  delivery: DeliveryToDecide,
  world: Pick<World, 'registry' | 'access' | 'facts'>,
): readonly Command[] {
  const { repository, payload } = delivery
  const { access } = world
  if (repository === null || !access.reaches(repository)) return []
  return matchCommands(delivery, world.registry).filter(({ module, comment }) =>
    [...hearersOf(delivery, world), ...access.people(comment.login)].some(
      (user) => refusal(module, user, payload) === null && access.mayCall(user, repository),
    ),
  )
}

/** Who wants what is commanded, and whether it is to be. */
interface Judgement {
  /** What stands against each of the people; null: they want it. */
  readonly refusals: ReadonlyMap<User, string | null>
  readonly authority: string | null
  readonly valid: boolean
}

function judge(
  { module }: Command,
  people: readonly User[],
  delivery: DeliveryToDecide,
  world: World,
): Judgement {
  const refusals = new Map(people.map((user) => [user, refusal(module, user, delivery.payload)]))
  const wanting = people.filter((user) => refusals.get(user) === null)
  const authority = authorityOf(delivery, wanting, world)
  return { refusals, authority, valid: wanting.length > 0 && authority === null }
}

const refuse = (command: Command, people: readonly User[], { refusals, authority }: Judgement) =>
  people.map((user) => skipped(command, user, refusals.get(user) ?? authority))

function skipped({ module }: Command, { name: user }: User, reason: string | null): Decision {
  return { user, module: module.name, outcome: 'skipped', reason, runId: null }
}

function start(
  command: Command,
  { refusals }: Judgement,
  author: readonly User[],
  delivery: DeliveryToDecide,
  world: World,
  draft: Draft,
): Decision[] {
  const people = [...refusals.keys()]
  // Who asked hears of it, also without the flag: others want the module, and so there is a run.
  const recipients = people.filter((user) => refusals.get(user) === null || author.includes(user))
  const run = runOf(command, recipients, delivery, world)
  startRun(run, world, draft)
  const reason = world.facts?.author === 'assumed' ? 'assumed_write_access' : null
  return people.map((user) =>
    recipients.includes(user)
      ? { user: user.name, module: run.module, outcome: 'ran', reason, runId: run.id }
      : skipped(command, user, refusals.get(user) ?? null),
  )
}

/** What stands between this user and a run of the module, authority aside; null when nothing does. */
function refusal(module: Module, user: User, payload: unknown): string | null {
  if (!module.enabled) return 'module_disabled'
  if (!hasFeature(user, module.manifest.featureFlag)) return 'feature_disabled'
  return module.manifest.when.ignoreBots && isBot(fields(fields(payload)['sender']))
    ? 'filtered:ignore_bots'
    : null
}

/** Why no run may start here; null when the author may command, and somebody who wants the module may start it. */
function authorityOf(
  { repository }: DeliveryToDecide,
  wanting: readonly User[],
  { access, facts }: World,
): string | null {
  // Who hears or wants by their own word alone, said in a chat, joins a run and starts none.
  if (repository === null || !access.reaches(repository)) return 'not_authorized'
  if (!wanting.some((user) => access.mayCall(user, repository))) return 'not_authorized'
  const author = facts?.author ?? 'unknown'
  if (author === 'refused') return 'not_authorized'
  return author === 'unknown' ? 'permission_unknown' : null
}

function runOf(
  { module, command, args, comment }: Command,
  recipients: readonly User[],
  delivery: DeliveryToDecide,
  world: World,
): NewRun {
  const windows = module.manifest.triggers.map((trigger) =>
    trigger.type === 'webhook' ? trigger.cooldownMs : 0,
  )
  return {
    id: world.newRunId(),
    module: module.name,
    entity: delivery.entity,
    repository: delivery.repository,
    trigger: {
      type: 'command',
      event: delivery.event,
      action: delivery.action,
      by: comment.login,
      at: new Date(delivery.receivedAt).toISOString(),
      data: { command, args, comment_id: comment.id, comment_url: comment.url },
    },
    delivery: delivery.guid,
    recipients: recipients.map(({ name }) => name),
    runAt: world.now,
    dueAt: world.now,
    waiting: false,
    concurrency: module.manifest.concurrency,
    // It waits for no window, and opens the longest one that the module has.
    cooldownMs: Math.max(0, ...windows),
    input: null,
    depth: 0,
    createdAt: world.now,
  }
}
