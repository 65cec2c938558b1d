// What a run is about, loaded fresh from GitHub, with reads and keyed verbs. The fields are those of
// GitHub's REST answer (docs.github.com/rest), so an author's knowledge of it holds here; `comments` and
// `commits` are reads instead of GitHub's counts, and `data` is the whole answer untouched.

export interface Account {
  readonly login: string
  readonly type: string
}

export interface Label {
  readonly name: string
  readonly description: string | null
}

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

export interface ChangedFile {
  readonly filename: string
  readonly previous_filename?: string
  readonly status: string
  readonly additions: number
  readonly deletions: number
  readonly patch?: string
}

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

export interface LabelReceipt {
  readonly applied: readonly string[]
  /** Names that the repository does not have; labels are never created. */
  readonly missing: readonly string[]
}

/** One inline comment of a review. */
export interface ReviewComment {
  readonly path: string
  readonly line: number
  readonly side?: 'LEFT' | 'RIGHT'
  readonly start_line?: number
  readonly start_side?: 'LEFT' | 'RIGHT'
  readonly body: string
}

export interface ReviewInput {
  readonly body: string
  readonly event?: 'COMMENT' | 'REQUEST_CHANGES'
  readonly comments?: readonly ReviewComment[]
}

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
  files(): Promise<readonly ChangedFile[]>
  commits(): Promise<readonly Commit[]>
  /** Submits one review, or updates the body of the one written under `key`. Needs `may: [review]`. */
  review(key: string, input: ReviewInput): Promise<Receipt>
  /** Creates or updates a check run on the head. Needs `may: [check]` and an App. */
  check(key: string, input: CheckInput): Promise<Receipt>
}

export type Issue = Numbered

export interface Repository {
  readonly full_name: string
  readonly default_branch: string
  readonly private: boolean
  readonly description: string | null
  readonly html_url: string
  readonly data: Readonly<Record<string, unknown>>
  /** A file's text at `ref` (default: the default branch), or null when there is none. At most 1 MiB. */
  file(path: string, ref?: string): Promise<string | null>
  labels(): Promise<readonly Label[]>
  /** Issues and pull requests of this repository that match GitHub's search syntax; at most `limit` (10). */
  search(query: string, options?: { limit?: number }): Promise<readonly SearchHit[]>
}

export interface SearchHit {
  readonly number: number
  readonly title: string
  readonly state: string
  readonly labels: readonly string[]
  readonly html_url: string
  readonly is_pull_request: boolean
  readonly body: string | null
}
