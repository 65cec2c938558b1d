// What the operator configured, narrowed by what the repository asks.
import {
  narrowSettings,
  reasonOf,
  type ContextOf,
  type NarrowedSettings,
  type RepositorySettingsFile,
} from '@hookyard/sdk'

export interface Settings extends NarrowedSettings {
  /** The operator's alone: no repository and no answer of the agent adds to it. */
  readonly allowedProjects: readonly string[]
  /** What is wrong with the repository's own file, and what names that version of it. */
  readonly file: Pick<RepositorySettingsFile, 'problems' | 'report'>
}

interface Config {
  readonly allowed_projects?: readonly string[]
  readonly instructions?: string
  readonly language?: string
}

/** Reads them for this run. */
export async function readSettings(ctx: ContextOf<'issue'>): Promise<Settings> {
  const config = ctx.config as Config
  const { settings, problems, report } = await readRepositorySettings(ctx)
  return {
    ...narrowSettings(config, settings),
    allowedProjects: config.allowed_projects ?? [],
    file: { problems, report },
  }
}

/** Credentials that may not read files cannot read that file either; any other trouble is worth another try. */
async function readRepositorySettings(ctx: ContextOf<'issue'>): Promise<RepositorySettingsFile> {
  try {
    return await ctx.repo.settings()
  } catch (error) {
    if (reasonOf(error) !== 'github_forbidden') throw error
    ctx.log.warn('could not read what the repository asks for', { error: String(error) })
    return { settings: {}, problems: [], report: null }
  }
}
