// What a run is about, loaded fresh from GitHub, with reads and keyed verbs. The fields are those of
// GitHub's REST answer (docs.github.com/rest), so an author's knowledge of it holds here; `comments` and
// `commits` are reads instead of GitHub's counts, and `data` is the whole answer untouched.

import type { RepositorySettingsFile } from './repository-settings.ts'

/** A user, an organization or a bot. */
export interface Account {
  readonly login: string
  /** `User`, `Organization` or `Bot`. */
  readonly type: string
}

/** A label of the repository. */
export interface Label {
  readonly name: string
  readonly description: string | null
}

/** A comment of the thread, not on a line. */
export interface Comment {
  readonly id: number
  readonly author: string
  readonly body: string
  readonly created_at: string
  readonly updated_at: string
  readonly html_url: string
  /** True when this service wrote it: its own login and a marker signed by it. */
  readonly own: boolean
}

/** A file that a pull request changes. */
export interface ChangedFile {
  readonly filename: string
  readonly previous_filename?: string
  readonly status: string
  readonly additions: number
  readonly deletions: number
  /** Its hunks; absent for binary and very large files. */
  readonly patch?: string
}

/** A commit of a pull request. */
export interface Commit {
  readonly sha: string
  readonly message: string
  readonly author: string
}

/** Proof of an outside write: what GitHub called the thing and where it is. */
export interface Receipt {
  readonly id: number
  readonly url: string
  /** True when the key had been used before and the thing was updated in place. */
  readonly updated: boolean
}

/** What became of the labels. */
export interface LabelReceipt {
  /** Added by this run. */
  readonly applied: readonly string[]
  /** Names that the repository does not have; labels are never created. */
  readonly missing: readonly string[]
}

/** One inline comment of a review. */
export interface ReviewComment {
  readonly path: string
  /** Line number on `side`; the last one of a range. */
  readonly line: number
  /** RIGHT, the new version, by default. */
  readonly side?: 'LEFT' | 'RIGHT'
  readonly start_line?: number
  readonly start_side?: 'LEFT' | 'RIGHT'
  readonly body: string
  /** Hidden at its end as `<!-- MARK -->`, to know it again in `threads()`: small letters, digits and single spaces, at most 64. */
  readonly mark?: string
}

/** One review: a text, and comments on lines. */
export interface ReviewInput {
  readonly body: string
  readonly event?: 'COMMENT' | 'REQUEST_CHANGES'
  readonly comments?: readonly ReviewComment[]
}

/** A conversation on a line of a pull request. */
export interface ReviewThread {
  /** For `resolve`. */
  readonly id: string
  readonly path: string
  /** In the newest version; null when the line is gone from the diff. */
  readonly line: number | null
  readonly outdated: boolean
  readonly resolved: boolean
  /** Login of who resolved it. */
  readonly resolved_by: string | null
  /** Oldest first; the first one began the thread. At most 30. */
  readonly comments: readonly ThreadComment[]
}

/** A comment of a conversation on a line. */
export interface ThreadComment {
  readonly id: number
  readonly author: string
  /** Of the author to the repository: OWNER, MEMBER, COLLABORATOR, CONTRIBUTOR, NONE … */
  readonly association: string
  readonly body: string
  readonly created_at: string
  readonly html_url: string
  /** True when this module wrote it: the service's own login and a marker signed by it. */
  readonly own: boolean
  /** Logins of those who gave it a thumbs-down. */
  readonly thumbs_down: readonly string[]
}

/** An issue that a pull request closes. */
export interface LinkedIssue {
  readonly number: number
  readonly title: string
  readonly body: string
  readonly state: string
  readonly author: string
  readonly html_url: string
  /** The newest 30, oldest first. */
  readonly comments: readonly {
    readonly author: string
    readonly created_at: string
    readonly body: string
  }[]
}

/** What of a pull request may have changed since the run loaded it. */
export interface PullRequestNow {
  readonly state: string
  readonly merged: boolean
  readonly draft: boolean
  readonly head_sha: string
}

/** How a thread was ended. */
export interface Resolution {
  readonly resolved: boolean
  /** True when GitHub let the service not resolve it, and its comment says the note instead. */
  readonly noted: boolean
}

/** Whether the issue is in the project now. */
export interface ProjectReceipt {
  readonly added: boolean
  /** As the project spells it; null when there is no open project of that title. */
  readonly title: string | null
  readonly url: string | null
}

/** What a folder of the repository holds. */
export interface RepositoryEntry {
  readonly name: string
  readonly path: string
  readonly type: 'file' | 'dir' | 'symlink' | 'submodule'
}

/** A check run, which is completed at once. */
export interface CheckInput {
  readonly name: string
  readonly conclusion: 'neutral' | 'success' | 'failure' | 'action_required'
  readonly title: string
  readonly summary: string
}

/** What every numbered subject can be asked and told. Writes need the manifest's `may`. */
interface Numbered {
  readonly number: number
  readonly title: string
  readonly body: string | null
  readonly state: string
  readonly html_url: string
  readonly user: Account | null
  /** The author's login, or `ghost` when the account is gone. */
  readonly author: string
  readonly labels: readonly Label[]
  readonly assignees: readonly Account[]
  /** GitHub's whole answer. */
  readonly data: Readonly<Record<string, unknown>>
  /** The thread's comments, oldest first. */
  comments(): Promise<readonly Comment[]>
  /**
   * Writes one comment, or updates the one that this module wrote under `key` before. Needs `may: [comment]`.
   * Safe to repeat: after a crash it is found again by its receipt or its signed marker.
   */
  comment(key: string, text: string): Promise<Receipt>
  /** Adds labels that the repository has; others come back in `missing`. Needs `may: [label]`. */
  label(names: readonly string[]): Promise<LabelReceipt>
}

/** `ctx.pr` */
export interface PullRequest extends Numbered {
  readonly draft: boolean
  readonly merged: boolean
  readonly head: {
    readonly ref: string
    readonly sha: string
    readonly repo: { readonly full_name: string } | null
  }
  readonly base: { readonly ref: string; readonly sha: string; readonly repo: { readonly full_name: string } }
  readonly additions: number
  readonly deletions: number
  readonly changed_files: number
  /** The unified diff, as GitHub renders it. */
  diff(): Promise<string>
  /** The files that it changes. */
  files(): Promise<readonly ChangedFile[]>
  /** Its commits, oldest first. */
  commits(): Promise<readonly Commit[]>
  /** The conversations on its lines, oldest first. */
  threads(): Promise<readonly ReviewThread[]>
  /** The issues of this repository that it closes. */
  linkedIssues(): Promise<readonly LinkedIssue[]>
  /** Asked of GitHub at this moment. */
  now(): Promise<PullRequestNow>
  /** Submits one review, or updates the body of the one written under `key`. Needs `may: [review]`. */
  review(key: string, input: ReviewInput): Promise<Receipt>
  /**
   * Resolves a thread that this module began. GitHub wants more of an App for that than for writing reviews (contents:
   * write); without it the thread's first comment gets `note` as its first line. Needs `may: [review]`.
   */
  resolve(thread: string, note: string): Promise<Resolution>
  /** Dismisses this module's own requests for changes; answers how many there were. Needs `may: [review]`. */
  withdraw(message: string): Promise<number>
  /** Creates or updates a check run on the head. Needs `may: [check]` and an App. */
  check(key: string, input: CheckInput): Promise<Receipt>
}

/** `ctx.issue` */
export interface Issue extends Numbered {
  /**
   * Adds the issue to the owner's or repository's open project of this title (without regard to case). Safe to repeat.
   * Needs `may: [project]`.
   */
  project(title: string): Promise<ProjectReceipt>
}

/** `ctx.repo` */
export interface Repository {
  readonly full_name: string
  readonly default_branch: string
  readonly private: boolean
  readonly description: string | null
  readonly html_url: string
  readonly data: Readonly<Record<string, unknown>>
  /** A file's text at `ref` (default: the default branch), or null when there is none. At most 1 MiB. */
  file(path: string, ref?: string): Promise<string | null>
  /** What is in a folder at `ref` (default: the default branch), or null when there is none. */
  list(path: string, ref?: string): Promise<readonly RepositoryEntry[] | null>
  /** The labels that there are. */
  labels(): Promise<readonly Label[]>
  /** What a login may do here: `admin`, `write`, `read` or `none`. */
  permission(login: string): Promise<string>
  /** What `.github/hookyard.yml` on the default branch asks of this module. */
  settings(): Promise<RepositorySettingsFile>
  /** Say it when the problems that `settings` named (its `report`) have been told: they are not named again elsewhere. */
  settingsReported(report: string): Promise<void>
  /** Issues and pull requests of this repository that match GitHub's search syntax; at most `limit` (10). */
  search(query: string, options?: { limit?: number }): Promise<readonly SearchHit[]>
}

/** One result of `search`. */
export interface SearchHit {
  readonly number: number
  readonly title: string
  readonly state: string
  readonly labels: readonly string[]
  readonly html_url: string
  readonly is_pull_request: boolean
  readonly body: string | null
}
