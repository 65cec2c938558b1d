// What the operator configured, narrowed by what the repository asks.
import {
  narrowSettings,
  reasonOf,
  type ContextOf,
  type NarrowedSettings,
  type RepositoryWishes,
} from '@hookyard/sdk'

export interface Settings extends NarrowedSettings {
  /** The operator's alone: no repository and no answer of the agent adds to it. */
  readonly allowedProjects: readonly string[]
  /** What is wrong with the repository's own file, and what names that version of it. */
  readonly wishes: Pick<RepositoryWishes, 'problems' | 'report'>
}

interface Config {
  readonly allowed_projects?: readonly string[]
  readonly instructions?: string
  readonly language?: string
}

/** Reads them for this run. */
export async function readSettings(ctx: ContextOf<'issue'>): Promise<Settings> {
  const config = ctx.config as Config
  const { wishes, problems, report } = await readWishes(ctx)
  return {
    ...narrowSettings(config, wishes),
    allowedProjects: config.allowed_projects ?? [],
    wishes: { problems, report },
  }
}

/** Credentials that may not read files cannot read wishes either; any other trouble is worth another try. */
async function readWishes(ctx: ContextOf<'issue'>): Promise<RepositoryWishes> {
  try {
    return await ctx.repo.wishes()
  } catch (error) {
    if (reasonOf(error) !== 'github_forbidden') throw error
    ctx.log.warn('could not read what the repository asks for', { error: String(error) })
    return { wishes: {}, problems: [], report: null }
  }
}
