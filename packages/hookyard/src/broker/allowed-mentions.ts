// Whom and where a run's texts may point to: the people of its thread, and the hosts that what it has read names. The
// broker notes both as it serves the run's reads, so that no module has to be believed.
import { fields, list, text } from '../lib/fields.ts'
import { hostOf, hostsIn } from '@hookyard/sdk/host'
import type { LoadedSubject, RunScope } from './github/broker.ts'
import type { Allowances } from './github/markdown-rules.ts'

/** Logins, and hosts; a text that names more names the first ones. */
const MAX_NAMES = 2_000
/** The reads that tell of the thread itself: whoever speaks there is in it. */
const THREAD_READS = ['comments', 'threads']
/** Addresses of GitHub's own, and what tells a text once more without the marker by which our own is known. */
const UNTOLD = /(?:^|_)url$|^(?:body_html|body_text|fragment)$/

/** Begins with nothing known. */
export class AllowedMentions {
  readonly #logins = new Set<string>()
  readonly #hosts = new Set<string>()
  #htmlHost = 'github.com'

  /** What the run is about. */
  addSubject({ pr, issue, repo }: LoadedSubject): void {
    const subject = pr ?? issue
    this.#htmlHost = hostOf(repo?.html_url ?? '') ?? this.#htmlHost
    if (subject === null) return
    const requested = list(subject.data['requested_reviewers']).map((account) => fields(account)['login'])
    const people = [subject.author, ...subject.assignees.map(({ login }) => login), ...requested]
    for (const login of people) this.#addLogin(login)
    this.#addHosts([subject.title, subject.body])
  }

  /** What a read of `ctx.pr`, `ctx.issue` or `ctx.repo` answered. */
  addRead(name: string, found: unknown): void {
    this.#addHosts(found)
    if (!THREAD_READS.includes(name)) return
    for (const entry of list(found).map(fields)) {
      for (const comment of [entry, ...list(entry['comments']).map(fields)])
        if (comment['own'] !== true) this.#addLogin(comment['author'])
    }
  }

  /** What a request of `ctx.github` was answered with. */
  addAnswer(body: string): void {
    try {
      this.#addHosts(JSON.parse(body))
    } catch {
      this.#addHosts(body)
    }
  }

  /** By what a text of the run is judged. */
  allowances({ repository, subject }: Pick<RunScope, 'repository' | 'subject'>): Allowances {
    return {
      repository: repository.toLowerCase(),
      number: subject?.number ?? null,
      htmlHost: this.#htmlHost,
      logins: this.#logins,
      hosts: this.#hosts,
    }
  }

  #addLogin(login: unknown): void {
    const name = text(login)
    if (name !== null && name !== '' && this.#logins.size < MAX_NAMES) this.#logins.add(name.toLowerCase())
  }

  /** Not of GitHub's own addresses, nor of what this service wrote: a host in a fence there was named by nobody. */
  #addHosts(value: unknown): void {
    if (typeof value === 'string') {
      if (value.includes('<!-- hookyard:v1:')) return
      for (const host of hostsIn(value)) if (this.#hosts.size < MAX_NAMES) this.#hosts.add(host)
    } else if (typeof value === 'object' && value !== null && !isOurs(fields(value))) {
      for (const [key, inner] of Object.entries(value)) if (!UNTOLD.test(key)) this.#addHosts(inner)
    }
  }
}

/** Our comments say so; our check runs have their mark beside the text, and annotations have none at all. */
const isOurs = (thing: Record<string, unknown>): boolean =>
  thing['own'] === true ||
  thing['annotation_level'] !== undefined ||
  (text(thing['external_id'])?.startsWith('hookyard:v1:') ?? false)
