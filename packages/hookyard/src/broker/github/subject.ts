// What a run is about, loaded fresh: never from the payload, which may be old by the time the run starts.
import { PermanentError } from '../../lib/errors.ts'
import type { SubjectKind, Account, Issue, Label, PullRequest, Repository } from '@hookyard/sdk/host'
import type { GitHub } from './client.ts'
import { type RunScope, type ScopeSubject, ownerAndName } from './scope.ts'

type Methods<T> = { [K in keyof T]: T[K] extends (...args: never[]) => unknown ? K : never }[keyof T]
type Data<T> = Omit<T, Methods<T>>

export type PullRequestData = Data<PullRequest>
export type IssueData = Data<Issue>
export type RepositoryData = Data<Repository>

/** Plain data, ready for another process; what does not belong to the kind is null. */
export interface LoadedSubject {
  readonly kind: SubjectKind
  readonly pr: PullRequestData | null
  readonly issue: IssueData | null
  /** The repository of the subject, whatever its kind. */
  readonly repo: RepositoryData | null
  /** What the scope of the run's further calls is to say. */
  readonly subject: ScopeSubject | null
}

/**
 * Loads the subject of a run by its entity (`owner/name#42`).
 * @throws PermanentError `wrong_subject` when the entity has no number and the kind needs one; GitHub's refusals.
 */
export async function loadSubject(
  github: GitHub,
  kind: SubjectKind,
  scope: RunScope,
): Promise<LoadedSubject> {
  const nothing = { kind, pr: null, issue: null, repo: null, subject: null }
  if (kind === 'none') return nothing
  const octokit = github.octokit(scope.repository, scope.signal)
  const repository = ownerAndName(scope.repository)
  if (kind === 'repository') {
    const repo = toRepository((await octokit.rest.repos.get(repository)).data, scope.repository)
    return { ...nothing, repo, subject: { kind, number: null, headSha: null } }
  }
  const number = numberOf(scope, kind)
  if (kind === 'pull_request') {
    const { data } = await octokit.rest.pulls.get({ ...repository, pull_number: number })
    // A pull request's base holds the whole repository, so that costs no second question.
    const repo = toRepository(data.base?.repo, scope.repository)
    const subject = { kind, number, headSha: data.head?.sha ?? null }
    return { ...nothing, pr: toPullRequest(data, scope.repository), repo, subject }
  }
  const [issue, repo] = await Promise.all([
    octokit.rest.issues.get({ ...repository, issue_number: number }),
    // What surrounds the issue: worth having, no reason to fail without it.
    octokit.rest.repos.get(repository).catch(unlessFinal),
  ])
  return {
    ...nothing,
    issue: toNumbered(issue.data),
    repo: toRepository(repo?.data, scope.repository),
    subject: { kind, number, headSha: null },
  }
}

/** A refusal of GitHub's is no answer; what may pass is thrown for the run's retry. */
function unlessFinal(thrown: unknown): null {
  if (thrown instanceof PermanentError) return null
  throw thrown
}

function numberOf(scope: RunScope, kind: SubjectKind): number {
  const [, number] = /#([1-9]\d{0,9})$/.exec(scope.entity) ?? []
  if (number !== undefined) return Number(number)
  throw new PermanentError(
    `${scope.module} is about a ${kind.replace('_', ' ')}, and ${scope.entity} names none; start it with owner/name#NUMBER`,
    { reason: 'wrong_subject' },
  )
}

type RawNumbered = Pick<IssueData, 'number' | 'title' | 'state' | 'html_url' | 'user'> & {
  readonly body?: string | null
  readonly labels?: readonly (
    string | { readonly name?: string | null; readonly description?: string | null }
  )[]
  readonly assignees?: readonly Account[] | null
}

function toNumbered(raw: RawNumbered): IssueData {
  const { number, title, state, html_url } = raw
  return {
    ...{ number, title, state, html_url },
    body: raw.body ?? null,
    user: raw.user && toAccount(raw.user),
    author: authorOf(raw.user),
    labels: (raw.labels ?? []).map(toLabel),
    assignees: (raw.assignees ?? []).map(toAccount),
    data: raw as unknown as Readonly<Record<string, unknown>>,
  }
}

type RawPullRequest = RawNumbered &
  Pick<PullRequest, 'merged' | 'head' | 'base' | 'additions' | 'deletions' | 'changed_files'> & {
    readonly draft?: boolean
  }

function toPullRequest(raw: RawPullRequest, repository: string): PullRequestData {
  const { head, base, draft = false, merged, additions, deletions, changed_files } = raw
  return {
    ...toNumbered(raw),
    ...{ draft, merged, additions, deletions, changed_files },
    // The head's repository is gone when the fork was deleted.
    head: { ref: head.ref, sha: head.sha, repo: head.repo ? { full_name: head.repo.full_name } : null },
    base: { ref: base?.ref, sha: base?.sha, repo: { full_name: base?.repo?.full_name ?? repository } },
  }
}

type RawRepository = Partial<Omit<RepositoryData, 'data'>>

/** `name` stands in where the answer says nothing. */
function toRepository(raw: RawRepository | null | undefined, name: string): RepositoryData {
  return {
    full_name: raw?.full_name ?? name,
    default_branch: raw?.default_branch ?? 'main',
    private: raw?.private ?? false,
    description: raw?.description ?? null,
    html_url: raw?.html_url ?? `https://github.com/${name}`,
    data: (raw ?? {}) as Readonly<Record<string, unknown>>,
  }
}

const toAccount = ({ login, type }: Account): Account => ({ login, type })

/** GitHub's issues have labels as names or as objects, by the age of the route. */
export function toLabel(raw: NonNullable<RawNumbered['labels']>[number]): Label {
  if (typeof raw === 'string') return { name: raw, description: null }
  return { name: raw.name ?? '', description: raw.description ?? null }
}

/** `ghost`, as GitHub shows it, when the account is gone. */
export const authorOf = (user: { readonly login: string } | null | undefined): string =>
  user?.login ?? 'ghost'
