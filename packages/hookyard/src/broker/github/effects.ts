// Keyed writes, at least once and made harmless: intend, act, record. A crash leaves an intent without a receipt;
// the next attempt then looks for the signed marker before it writes. What stays open is the moment between
// GitHub's write and its lists showing it (docs/adr/0006).
import { createHash } from 'node:crypto'
import type { Receipt } from '@hookyard/sdk/host'
import type { EffectKey } from '../../store/store.ts'
import type { Call, EffectDeps } from './call.ts'
import { hasStatus } from './errors.ts'
import { type Marked, findMarker, hashKey } from './marker.ts'
import { type RunScope, ownerAndName } from './scope.ts'

/** The subject has moved on since the run loaded it: the run ends `skipped: superseded` instead of writing. */
export class SupersededError extends Error {
  override readonly name = 'SupersededError'
}

/** A thing on GitHub: a receipt, or GitHub's answer, whose `url` is the API's address. */
export interface Written {
  readonly id: number
  readonly html_url?: string | null
  readonly url?: string
}

/** How one verb finds, makes and changes its thing. */
export interface KeyedAct {
  readonly key: EffectKey
  /** All that decides what is written. */
  readonly content: unknown
  /** Looks for a thing with our marker; `same`: it already says what is to be said. */
  find(): Promise<(Written & { readonly same?: boolean }) | null>
  create(): Promise<Written>
  /** Answers null when the thing is gone or no longer ours to change. */
  update(id: number): Promise<Written | null>
  /** Runs before any write. @throws SupersededError */
  before(): Promise<unknown>
}

/** Writes the thing of a key once, or brings the one that is there up to date. */
export function applyKeyed(deps: EffectDeps, scope: RunScope, act: KeyedAct): Promise<Receipt> {
  const { module, entity, kind, key } = act.key
  return deps.serial(JSON.stringify([module, entity, kind, key]), async () => {
    const { effects, clock } = deps
    const fingerprint = fingerprintOf(act.content)
    const known = await effects.find(act.key)
    if (
      known?.status === 'done' &&
      known.receipt &&
      known.runId === scope.runId &&
      known.fingerprint === fingerprint
    ) {
      return { ...known.receipt, updated: true }
    }
    let there: (Written & { readonly same?: boolean }) | null = known?.receipt ?? null
    if (known && !there) there = await act.find()
    if (!there?.same) await act.before()
    await effects.intend(act.key, scope.runId, fingerprint, clock())
    const updated = there?.same ? there : there && (await act.update(there.id))
    const { id, html_url, url } = updated ?? (await act.create())
    const receipt = { id, url: html_url ?? url ?? '' }
    await effects.record(act.key, receipt, clock())
    deps.log.debug({ run: scope.runId, entity, kind, id, updated: updated !== null }, 'written to GitHub')
    return { ...receipt, updated: updated !== null }
  })
}

/** A hash by which two contents are told apart. */
export function fingerprintOf(content: unknown): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex')
}

/** The pull request now; MUST be asked for before every write on one. @throws SupersededError when its head has moved. */
export async function freshPullRequest(deps: EffectDeps, scope: RunScope, number: number) {
  const octokit = deps.github.octokit(scope.repository, scope.signal)
  const { data } = await octokit.rest.pulls.get({ ...ownerAndName(scope.repository), pull_number: number })
  const loaded = scope.subject?.headSha ?? null
  if (loaded !== null && data.head.sha !== loaded) {
    throw new SupersededError(
      `${scope.entity} has moved from ${loaded.slice(0, 7)} to ${data.head.sha.slice(0, 7)} since the run began`,
    )
  }
  return data
}

/** The head by `freshPullRequest` when the run is about one; issues have none. */
export async function checkHead(deps: EffectDeps, scope: RunScope, number: number): Promise<string | null> {
  return scope.subject?.kind === 'pull_request'
    ? (await freshPullRequest(deps, scope, number)).head.sha
    : null
}

interface Answer<Data> {
  readonly data: Data
}

interface Authored {
  readonly user: { readonly login: string } | null
}

/**
 * What a change to a thing answers, or null when that is gone (404, 410) or was written under another login (403: the
 * service used to have another token).
 */
export async function unlessGone<T>(
  call: Call,
  change: () => Promise<Answer<T>>,
  now: () => Promise<Answer<Authored>>,
): Promise<T | null> {
  try {
    return (await change()).data
  } catch (error) {
    if (hasStatus(error, 404, 410)) return null
    if (!hasStatus(error, 403)) throw error
    const [{ data }, own] = await Promise.all([now(), call.ownLogin()])
    if (data.user?.login.toLowerCase() === own.toLowerCase()) throw error
    return null
  }
}

/** Of a list the first thing with this very marker: the original comes before any copy of its text. */
export async function findWritten(
  { deps, scope }: Call,
  marked: Marked,
  body: string,
  pages: AsyncIterable<Answer<readonly (Authored & Written & { readonly body?: string })[]>>,
) {
  const login = await deps.github.ownLogin(scope.repository)
  const wanted = hashKey(deps.markerKey, marked.kind, marked.key)
  for await (const { data } of pages) {
    for (const raw of data) {
      if (raw.user?.login.toLowerCase() !== login.toLowerCase()) continue
      const found = findMarker(deps.markerKey, raw.body ?? '', marked)
      if (found?.module === scope.module && found.keyHash === wanted)
        return { ...raw, same: raw.body === body }
    }
  }
  return null
}
