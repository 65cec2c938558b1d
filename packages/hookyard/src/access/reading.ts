// May a user be told of a repository? By the configuration, or because GitHub lets their login read it. Whatever
// decides who hears, or shows what was heard, asks here.
import type { User } from '../config/config.ts'
import { toError } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'

/**
 * GitHub's word on a user and a repository: `no_login`, the configuration names no GitHub login of the user;
 * `readable_unknown`, GitHub did not tell, or was not asked. All but `readable` mean no; they are reasons of decisions.
 */
export type Reading = 'readable' | 'not_readable' | 'no_login' | 'readable_unknown'

/** By user name. */
export type Readings = ReadonlyMap<string, Reading>

/** Whom to ask. */
export interface ReadingSource {
  /** May this login read the repository? Rejects when GitHub does not tell. */
  mayRead(repository: string, login: string, signal: AbortSignal): Promise<boolean>
}

/** Asks GitHub of this user; never rejects. */
export type AskReading = (user: Pick<User, 'name' | 'github'>, repository: string) => Promise<Reading>

/** May this user be told of the repository now? Never rejects: without GitHub's word the configuration decides. */
export type MayHear = (user: User, repository: string | null) => Promise<boolean>

export interface AskReadingOptions {
  /** null: the installation has no GitHub credentials. */
  readonly github: () => ReadingSource | null
  readonly log: Log
  /** Longer than this nobody waits for GitHub, in ms. @default 5000 */
  readonly timeoutMs?: number
}

function createAskReading({ github, log, timeoutMs = 5_000 }: AskReadingOptions): AskReading {
  return async ({ name, github: login }, repository) => {
    if (login === null) return 'no_login'
    try {
      const source = github()
      if (source === null) return 'readable_unknown'
      const readable = await source.mayRead(repository, login, AbortSignal.timeout(timeoutMs))
      return readable ? 'readable' : 'not_readable'
    } catch (thrown) {
      log.warn(
        { err: toError(thrown), user: name, repository },
        'GitHub did not tell whether a user may read a repository: it counts as no',
      )
      return 'readable_unknown'
    }
  }
}

/** The readings of those who added the repository beyond the configuration; undefined when there are none. */
export async function askReadings(
  repository: string | null,
  access: { addedBeyond(repository: string | null): readonly User[] },
  ask: AskReading,
): Promise<Readings | undefined> {
  const added = repository === null ? [] : access.addedBeyond(repository)
  if (repository === null || added.length === 0) return undefined
  return new Map(
    await Promise.all(added.map(async (user) => [user.name, await ask(user, repository)] as const)),
  )
}

/** Both for the service. */
export function createReading(
  options: AskReadingOptions & { readonly access: Parameters<typeof createMayHear>[0] },
): { readonly askReading: AskReading; readonly mayHear: MayHear } {
  const askReading = createAskReading(options)
  return { askReading, mayHear: createMayHear(options.access, askReading) }
}

/** The one answer for all that shows a user what was heard. */
const createMayHear =
  (access: () => { mayHear(user: User, repository: string | null): boolean }, ask: AskReading): MayHear =>
  async (user, repository) =>
    repository === null || access().mayHear(user, repository) || (await ask(user, repository)) === 'readable'
