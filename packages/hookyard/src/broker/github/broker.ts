// The GitHub half of the wall between a module and the world: what the service's main process does on GitHub for
// one run. A module process never gets nearer to GitHub than these four calls.
import { PermanentError } from '../../lib/errors.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import type { SubjectKind } from '@hookyard/sdk/host'
import type { EffectStore } from '../../store/store.ts'
import { Call } from './call.ts'
import { writeCheck } from './check.ts'
import type { GitHub } from './client.ts'
import { writeComment } from './comment.ts'
import { type DeclinedCommand, declineCommand } from './explain-declined-command.ts'
import type { EffectDeps } from './call.ts'
import { type FetchAnswer, type FetchRequest, brokeredFetch } from './gate.ts'
import { writeLabels } from './label.ts'
import { readLinkedIssues } from './linked-issues.ts'
import { type WrittenThing, isOwnWriting } from './own-writing.ts'
import { addToProject } from './project.ts'
import {
  listFiles,
  pathsOf,
  readComments,
  readCommits,
  readDiff,
  readFile,
  readFiles,
  readFolder,
  readLabels,
  readNow,
  readPermission,
  search,
} from './reads.ts'
import { withdrawReviews, writeReview } from './review.ts'
import { type RepositoryAccess, createRepositoryAccess } from './repository-access.ts'
import type { RunScope } from './scope.ts'
import { createSerial } from '../../lib/serial.ts'
import { type LoadedSubject, loadSubject } from './subject.ts'
import { readThreads, resolveThread } from './threads.ts'
import { noteSettingsReported, readRepositorySettings } from './repository-settings.ts'

export type { FetchAnswer, FetchRequest } from './gate.ts'
export type { RunScope, ScopeSubject } from './scope.ts'
export type { LoadedSubject } from './subject.ts'

/** `mayRead`, `mayWrite`: may this login read or write the repository? GitHub's word, kept for a minute. */
export interface GitHubBroker extends RepositoryAccess {
  /** What the run is about, fresh from GitHub; its `subject` goes into the scope of the further calls. */
  load(scope: RunScope, kind: SubjectKind): Promise<LoadedSubject>
  /** A read of `ctx.pr`, `ctx.issue` or `ctx.repo`, with the arguments as the SDK's method has them. */
  read(scope: RunScope, on: 'pr' | 'issue' | 'repo', name: string, args: readonly unknown[]): Promise<unknown>
  /** A verb (comment, review, label …), likewise; answers with its receipt. */
  write(scope: RunScope, verb: string, args: readonly unknown[]): Promise<unknown>
  /** One request of `ctx.github`. */
  fetch(scope: RunScope, request: FetchRequest): Promise<FetchAnswer>
  /** Did this service write it? */
  isOwn(repository: string, thing: WrittenThing): Promise<boolean>
  /** The paths that a pull request changes, at most GitHub's 3,000 files; of a moved file both. */
  changedPaths(repository: string, number: number, signal: AbortSignal): Promise<readonly string[]>
  /** Explains to somebody that their command was refused, once. */
  decline(declined: DeclinedCommand, signal: AbortSignal): Promise<void>
}

export interface GitHubBrokerOptions {
  readonly github: GitHub
  readonly effects: EffectStore
  /** Random, and the same for as long as the installation lives: the store's setting `marker_key`. */
  readonly markerKey: string
  readonly clock: Clock
  readonly log: Log
}

type Serve = (call: Call) => Promise<unknown>

const READS: Readonly<Record<'pr' | 'issue' | 'repo', ReadonlyMap<string, Serve>>> = {
  pr: new Map<string, Serve>([
    ['diff', readDiff],
    ['files', readFiles],
    ['commits', readCommits],
    ['comments', readComments],
    ['threads', readThreads],
    ['linkedIssues', readLinkedIssues],
    ['now', readNow],
  ]),
  issue: new Map<string, Serve>([['comments', readComments]]),
  repo: new Map<string, Serve>([
    ['file', readFile],
    ['list', readFolder],
    ['labels', readLabels],
    ['permission', readPermission],
    ['search', search],
    ['settings', readRepositorySettings],
    // Writes nothing on GitHub: the service remembers that the file's problems have been told.
    ['settingsReported', noteSettingsReported],
  ]),
}

const VERBS: ReadonlyMap<string, Serve> = new Map<string, Serve>([
  ['comment', writeComment],
  ['review', writeReview],
  ['resolve', resolveThread],
  ['withdraw', withdrawReviews],
  ['label', writeLabels],
  ['check', writeCheck],
  ['project', addToProject],
])

/** One for the whole service: keyed writes of all its runs are kept in order here. */
export function createGitHubBroker(options: GitHubBrokerOptions): GitHubBroker {
  const deps: EffectDeps = { ...options, serial: createSerial() }
  return {
    load: (scope, kind) => loadSubject(deps.github, kind, scope),
    read: async (scope, on, name, args) =>
      named(READS[on], `ctx.${on}`, name)(new Call(deps, scope, name, args)),
    write: async (scope, verb, args) => named(VERBS, 'the subject', verb)(new Call(deps, scope, verb, args)),
    fetch: (scope, request) => brokeredFetch(deps, scope, request),
    isOwn: (repository, thing) => isOwnWriting(deps, repository, thing),
    ...createRepositoryAccess(options),
    changedPaths: async (repository, number, signal) =>
      pathsOf(await listFiles(deps.github, repository, number, signal)),
    decline: (declined, signal) => declineCommand(deps, declined, signal),
  }
}

function named<T>(known: ReadonlyMap<string, T>, of: string, name: string): T {
  const found = known.get(name)
  if (found !== undefined) return found
  throw new PermanentError(`${of} has no ${JSON.stringify(name)}; it has ${[...known.keys()].join(', ')}`, {
    reason: 'unknown_call',
  })
}
