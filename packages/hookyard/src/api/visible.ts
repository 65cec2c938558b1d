// How much of deliveries, runs and trails a caller may see. An admin sees all; a member what they heard of, as long as
// they may hear of its repository: asked each time, since a login may lose its right to read.
import type { MayHear } from '../access/reading.ts'
import type { User } from '../config/config.ts'
import type { DeliveryTrail, RunTrail, Trail } from '../explain/why.ts'
import { type DeliveryRecord, type RunRecord, type SentMessage, originalTrigger } from '../store/store.ts'

export interface Viewer {
  readonly isAdmin: boolean
  readonly user: User
}

/** May the caller see the run? */
export async function maySeeRun(
  { isAdmin, user }: Viewer,
  run: Pick<RunRecord, 'recipients' | 'repository' | 'trigger'>,
  mayHear: MayHear,
): Promise<boolean> {
  if (isAdmin) return true
  if (!run.recipients.includes(user.name)) return false
  return isOwn(run, user) || (await mayHear(user, run.repository))
}

/** Started by the user's own call, where the configuration let them act. */
function isOwn({ trigger }: Pick<RunRecord, 'trigger'>, { name }: User): boolean {
  const { type, by, user } = originalTrigger(trigger)
  return type === 'invoke' && (user ?? by) === name
}

/** Those of the runs that the caller may see. */
export async function visibleRuns<Run extends RunRecord>(
  viewer: Viewer,
  runs: readonly Run[],
  mayHear: MayHear,
): Promise<Run[]> {
  const seen = await Promise.all(runs.map((run) => maySeeRun(viewer, run, mayHear)))
  return runs.filter((_, index) => seen[index])
}

type Decided = Pick<DeliveryRecord, 'decisions' | 'repository'>

/** The delivery with the decisions that the caller may see; null when it is none of their business. */
export async function visibleDelivery<Delivery extends Decided>(
  { isAdmin, user }: Viewer,
  delivery: Delivery,
  mayHear: MayHear,
): Promise<Delivery | null> {
  if (isAdmin) return delivery
  const decisions = delivery.decisions.filter((decision) => decision.user === user.name)
  if (decisions.length === 0 || !(await mayHear(user, delivery.repository))) return null
  return { ...delivery, decisions }
}

/** Those of the deliveries that the caller may see. */
export async function visibleDeliveries<Delivery extends Decided>(
  viewer: Viewer,
  deliveries: readonly Delivery[],
  mayHear: MayHear,
): Promise<Delivery[]> {
  const seen = await Promise.all(deliveries.map((delivery) => visibleDelivery(viewer, delivery, mayHear)))
  return seen.filter((delivery) => delivery !== null)
}

/** The part of the trail that the caller may see; null when it is none of their business. */
export async function visibleTrail(viewer: Viewer, trail: Trail, mayHear: MayHear): Promise<Trail | null> {
  if (viewer.isAdmin) return trail
  const own = (messages: readonly SentMessage[]) =>
    messages.filter((message) => message.address === viewer.user.address)
  const runsOf = async (all: readonly RunTrail[]) =>
    (await visibleRuns(viewer, all, mayHear)).map((run) => ({ ...run, messages: own(run.messages) }))
  const withOwn = async (delivery: DeliveryTrail) => ({
    ...delivery,
    runs: await runsOf(delivery.runs),
    messages: own(delivery.messages),
  })
  const seen = await visibleDeliveries(viewer, trail.deliveries, mayHear)
  const deliveries = await Promise.all(seen.map(withOwn))
  const otherRuns = await runsOf(trail.otherRuns)
  return deliveries.length + otherRuns.length === 0 ? null : { ...trail, deliveries, otherRuns }
}
