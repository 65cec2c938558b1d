// Keyed writes, at least once and made harmless: intend, act, record. A crash leaves an intent without a receipt;
// the next attempt then looks for the signed marker before it writes. What stays open is the moment between
// GitHub's write and its lists showing it (docs/adr/0006).
import { createHash } from 'node:crypto'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import type { Receipt } from '@hookyard/sdk/host'
import type { EffectKey, EffectStore } from '../../store/store.ts'
import type { GitHub } from './client.ts'
import { isRefused } from './refusal.ts'
import { type RunScope, ownerAndName } from './scope.ts'
import type { Serial } from '../../lib/serial.ts'
import { SupersededError } from './superseded.ts'

export interface EffectDeps {
  readonly github: GitHub
  readonly effects: EffectStore
  readonly markerKey: string
  readonly clock: Clock
  readonly log: Log
  /** Two calls with one key in one process go one after the other. */
  readonly serial: Serial
}

/** A thing on GitHub. */
export interface Written {
  readonly id: number
  readonly url: string
}

/** How one verb finds, makes and changes its thing. */
export interface KeyedAct {
  readonly key: EffectKey
  /** All that decides what is written. */
  readonly content: unknown
  /** Looks for a thing with our marker; `same`: it already says what is to be said. */
  find(): Promise<(Written & { readonly same: boolean }) | null>
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
    if (there?.same) {
      await effects.intend(act.key, scope.runId, fingerprint, clock())
      await effects.record(act.key, { id: there.id, url: there.url }, clock())
      return { id: there.id, url: there.url, updated: true }
    }
    await act.before()
    await effects.intend(act.key, scope.runId, fingerprint, clock())
    const updated = there && (await act.update(there.id))
    const written = updated ?? (await act.create())
    await effects.record(act.key, written, clock())
    deps.log.debug(
      { run: scope.runId, entity, kind, id: written.id, updated: updated !== null },
      'written to GitHub',
    )
    return { ...written, updated: updated !== null }
  })
}

/** A hash by which two contents are told apart. */
export function fingerprintOf(content: unknown): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex')
}

/**
 * The pull request as it is now; MUST be asked for before every write on one.
 * @throws SupersededError when its head is no longer the one that the run loaded.
 */
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

/** `freshPullRequest` when the run is about one; issues have no head. */
export async function checkHead(deps: EffectDeps, scope: RunScope, number: number): Promise<void> {
  if (scope.subject?.kind === 'pull_request') await freshPullRequest(deps, scope, number)
}

/**
 * The answer of a change to a thing, or null when that is gone (404, 410) or was written under another login
 * (403: the service used to have another token).
 */
export async function unlessGone<T>(
  deps: EffectDeps,
  scope: RunScope,
  change: () => Promise<T>,
  authorNow: () => Promise<string | null>,
): Promise<T | null> {
  try {
    return await change()
  } catch (error) {
    if (isRefused(error, 404, 410)) return null
    if (!isRefused(error, 403)) throw error
    const [author, own] = await Promise.all([authorNow(), deps.github.ownLogin(scope.repository)])
    if (author?.toLowerCase() === own.toLowerCase()) throw error
    return null
  }
}
