// The commands of a comment -> runs. A command is somebody's wish, so windows and the manifest's filters do not hold
// it up (that the author is no bot does); whether its author may is a fact that was asked of GitHub before. Pure.
import { hasFeature } from '../access/has-feature.ts'
import { type Command, matchCommands } from '../command/match-commands.ts'
import type { User } from '../config/config.ts'
import { toError } from '../errors.ts'
import { fields } from '../lib/fields.ts'
import { isBot } from '../registry/filters.ts'
import type { Module } from '../registry/manifest.ts'
import type { Decision, NewRun } from '../store/store.ts'
import { startRun } from './plan-run.ts'
import type { DeliveryToDecide, Draft, World } from './world.ts'

/** Decides every command of the delivery; answers with the modules that were given a run. */
export function decideCommands(
  delivery: DeliveryToDecide,
  audience: readonly User[],
  world: World,
  draft: Draft,
): ReadonlySet<string> {
  const started = new Set<string>()
  for (const command of matchCommands(delivery, world.registry)) {
    const author = world.access.people(command.comment.login)
    const people = [...new Set([...audience, ...author])]
    const decisions = decideCommand(command, people, author, delivery, world, draft)
    draft.decisions.push(...decisions)
    if (decisions.some(({ outcome }) => outcome === 'ran')) started.add(command.module.name)
  }
  return started
}

/** Whether anybody wants what the comment commands, so that it is worth asking whether its author may. */
export function wantedCommands(
  delivery: DeliveryToDecide,
  world: Pick<World, 'registry' | 'access'>,
): readonly Command[] {
  const { repository, payload } = delivery
  const { access } = world
  if (repository === null || !access.reaches(repository)) return []
  return matchCommands(delivery, world.registry).filter(({ module, comment }) =>
    [...access.audience(repository), ...access.people(comment.login)].some(
      (user) => refusal(module, user, payload) === null && access.mayCall(user, repository),
    ),
  )
}

function decideCommand(
  command: Command,
  people: readonly User[],
  author: readonly User[],
  delivery: DeliveryToDecide,
  world: World,
  draft: Draft,
): Decision[] {
  const { module } = command
  const say = (
    user: User,
    outcome: Decision['outcome'],
    reason: string | null,
    runId: string | null = null,
  ) => ({
    user: user.name,
    module: module.name,
    outcome,
    reason,
    runId,
  })
  try {
    const refusals = new Map(people.map((user) => [user, refusal(module, user, delivery.payload)]))
    const wanting = people.filter((user) => refusals.get(user) === null)
    const authority = authorityOf(delivery, wanting, world)
    if (wanting.length === 0 || authority !== null) {
      return people.map((user) => say(user, 'skipped', refusals.get(user) ?? authority))
    }
    // Who asked hears of it, also without the flag: others want the module, and so there is a run.
    const recipients = people.filter((user) => wanting.includes(user) || author.includes(user))
    const run = runOf(command, recipients, delivery, world)
    startRun(run, world, draft)
    const reason = world.facts?.author === 'assumed' ? 'assumed_write_access' : null
    return people.map((user) =>
      recipients.includes(user)
        ? say(user, 'ran', reason, run.id)
        : say(user, 'skipped', refusals.get(user) ?? null),
    )
  } catch (thrown) {
    return people.map((user) => say(user, 'skipped', `error:${toError(thrown).message.slice(0, 200)}`))
  }
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
