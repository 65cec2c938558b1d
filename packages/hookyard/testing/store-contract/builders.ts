// Deliveries, runs and plans for the contract's tests: each says only what it is about.
import type {
  CoalescedRun,
  GivenAnswer,
  NewDelivery,
  NewMessage,
  NewQuestion,
  NewRun,
  Plan,
  Settlement,
  Store,
} from '../../src/store/store.ts'

/** Gives the store of the running test, fresh and empty. */
export type UseStore = () => Store

/** The module and the entity that most tests are about. */
export const REVIEW = { module: 'pr-review', entity: 'octocat/hello-world#42' }

export const newDelivery = (guid: string, about: Partial<NewDelivery> = {}): NewDelivery => ({
  guid,
  hookId: '7',
  event: 'pull_request',
  action: 'opened',
  repository: 'octocat/hello-world',
  entity: REVIEW.entity,
  body: Buffer.from(JSON.stringify({ guid, note: 'grüße' })),
  receivedAt: 1_000,
  ...about,
})

export const newRun = (id: string, about: Partial<NewRun> = {}): NewRun => ({
  id,
  ...REVIEW,
  repository: 'octocat/hello-world',
  trigger: {
    type: 'webhook',
    event: 'pull_request',
    action: 'opened',
    by: 'octocat',
    at: '2026-11-22T00:00:00.000Z',
  },
  delivery: null,
  recipients: ['alice'],
  runAt: 1_000,
  dueAt: 1_000,
  waiting: false,
  concurrency: 'queue',
  cooldownMs: 0,
  input: null,
  depth: 0,
  createdAt: 1_000,
  ...about,
})

export const newMessage = (dedupeKey: string, about: Partial<NewMessage> = {}): NewMessage => ({
  address: 'telegram:111',
  message: { lines: [['hello ', { bold: dedupeKey }]] },
  dedupeKey,
  runId: null,
  delivery: null,
  createdAt: 1_000,
  ...about,
})

export const coalesced = (
  runId: string,
  delivery: string,
  about: Partial<CoalescedRun> = {},
): CoalescedRun => ({
  runId,
  delivery,
  trigger: {
    type: 'webhook',
    event: 'pull_request',
    action: 'synchronize',
    by: 'bob',
    at: '2026-11-22T00:00:01.000Z',
  },
  recipients: ['bob'],
  runAt: 6_000,
  dueAt: 2_000,
  cooldownMs: 9_000,
  ...about,
})

/** Accepts a delivery and gives the plan for it, to be committed. */
export async function receivedPlan(store: Store, guid: string, about: Partial<Plan> = {}): Promise<Plan> {
  await store.deliveries.accept([newDelivery(guid)])
  const delivery = (await store.deliveries.pending(1_000)).find((pending) => pending.guid === guid)
  if (!delivery) throw new Error(`delivery ${guid} is not pending`)
  return {
    deliveryId: delivery.id,
    guid,
    status: 'dispatched',
    error: null,
    decisions: [],
    runs: [],
    coalesced: [],
    cancelled: [],
    messages: [],
    at: 1_000,
    ...about,
  }
}

/** Accepts a delivery and commits what it leads to. */
export async function dispatch(store: Store, guid: string, about: Partial<Plan> = {}): Promise<string[]> {
  return store.deliveries.commit([await receivedPlan(store, guid, about)])
}

type Finished = Extract<Settlement, { kind: 'finished' }>

export const finished = (runId: string, about: Partial<Finished> = {}): Finished => ({
  kind: 'finished',
  runId,
  attempt: 1,
  at: 2_000,
  status: 'done',
  reason: null,
  summary: 'fine',
  error: null,
  details: { findings: 2 },
  costUsd: 0.25,
  messages: [],
  ...about,
})

export const again = (
  runId: string,
  about: Partial<Extract<Settlement, { kind: 'again' }>> = {},
): Settlement => ({
  kind: 'again',
  runId,
  attempt: 1,
  at: 2_000,
  runAt: 12_000,
  counted: true,
  error: 'socket hang up',
  details: null,
  costUsd: 0.25,
  messages: [],
  ...about,
})

/** Claims what is due at `now` for the owner `me`, with a lease of 15 s. */
export const claim = (store: Store, now: number, limit = 10) =>
  store.runs.claim('me', limit, now, now + 15_000)

/** The ids of what is due at `now`, claimed for the owner `me`. */
export const claimedIds = async (store: Store, now: number, limit = 10) =>
  (await claim(store, now, limit)).map((run) => run.id)

export const newQuestion = (about: Partial<NewQuestion> = {}): NewQuestion => ({
  text: 'Merge it?',
  options: [
    { value: 'yes', label: 'Yes' },
    { value: 'no', label: 'No' },
  ],
  fallback: null,
  askedAt: 2_000,
  expiresAt: null,
  state: { seen: 3 },
  ...about,
})

/** How an attempt ends that asks. */
export const pausing = (
  runId: string,
  question: Partial<NewQuestion> = {},
  about: Partial<Extract<Settlement, { kind: 'paused' }>> = {},
): Settlement => ({
  kind: 'paused',
  runId,
  attempt: 1,
  at: 2_000,
  question: newQuestion(question),
  error: null,
  details: { looked: true },
  costUsd: 0.25,
  messages: [],
  ...about,
})

/** Makes a run and lets it ask. */
export async function paused(
  store: Store,
  id: string,
  question: Partial<NewQuestion> = {},
  about: Partial<NewRun> = {},
): Promise<void> {
  await store.runs.create(newRun(id, about))
  await store.runs.claim('me', 100, 1_000, 16_000)
  await store.runs.settle('me', pausing(id, question))
}

export const answered = (runId: string, about: Partial<GivenAnswer> = {}): GivenAnswer => ({
  runId,
  ordinal: 1,
  answer: 'yes',
  by: 'alice',
  via: 'api',
  at: 3_000,
  ...about,
})
