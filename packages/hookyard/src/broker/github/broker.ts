// The GitHub half of the wall between a module and the world: all that a module process can reach there.
import { PermanentError } from '../../lib/errors.ts'
import type { SubjectKind } from '@hookyard/sdk/host'
import { Call, type EffectDeps } from './call.ts'
import { writeCheck } from './check.ts'
import { writeComment } from './comment.ts'
import { type DeclinedCommand, declineCommand } from './explain-declined-command.ts'
import { type FetchAnswer, type FetchRequest, brokeredFetch } from './gate.ts'
import { writeLabels } from './label.ts'
import { readLinkedIssues } from './linked-issues.ts'
import { type WrittenThing, isOwnWriting } from './own-writing.ts'
import { addToProject } from './project.ts'
import * as reads from './reads.ts'
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

type Calls = Readonly<Record<string, (call: Call) => Promise<unknown>>>

const READS: Readonly<Record<'pr' | 'issue' | 'repo', Calls>> = {
  pr: {
    diff: reads.readDiff,
    files: reads.readFiles,
    commits: reads.readCommits,
    comments: reads.readComments,
    threads: readThreads,
    linkedIssues: readLinkedIssues,
    now: reads.readNow,
  },
  issue: { comments: reads.readComments },
  repo: {
    file: reads.readFile,
    list: reads.readFolder,
    labels: ({ deps, scope }) => reads.listLabels(deps.github, scope),
    permission: reads.readPermission,
    search: reads.search,
    settings: readRepositorySettings,
    // Writes nothing on GitHub: the service remembers that the file's problems have been told.
    settingsReported: noteSettingsReported,
  },
}

const VERBS: Calls = {
  comment: writeComment,
  review: writeReview,
  resolve: resolveThread,
  withdraw: withdrawReviews,
  label: writeLabels,
  check: writeCheck,
  project: addToProject,
}

/** One for the whole service: keyed writes of all its runs are kept in order here. */
export function createGitHubBroker(options: Omit<EffectDeps, 'serial'>): GitHubBroker {
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
      reads.pathsOf(await reads.listFiles(deps.github, repository, number, signal)),
    decline: (declined, signal) => declineCommand(deps, declined, signal),
  }
}

function named(known: Calls, of: string, name: string): Calls[string] {
  const found = Object.hasOwn(known, name) ? known[name] : undefined
  if (found !== undefined) return found
  throw new PermanentError(`${of} has no ${JSON.stringify(name)}; it has ${Object.keys(known).join(', ')}`, {
    reason: 'unknown_call',
  })
}
