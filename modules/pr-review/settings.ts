// What the operator configured, narrowed by what the repository asks.
import {
  narrowSettings,
  reasonOf,
  type ContextOf,
  type NarrowedSettings,
  type RepositorySettingsFile,
} from '@hookyard/sdk'

/** Characters, but `file` bytes and `files_read` files. */
export interface Limits {
  readonly diff: number
  readonly linked_issues: number
  readonly commits: number
  readonly file: number
  readonly files: number
  readonly files_read: number
  readonly thread: number
  readonly total: number
}

export interface Settings extends NarrowedSettings {
  readonly maxFindings: number
  readonly requestChanges: boolean
  readonly specDir: string
  readonly maxParts: number
  readonly limits: Limits
  /** What is wrong with the repository's own file, and what names that version of it. */
  readonly file: Pick<RepositorySettingsFile, 'problems' | 'report'>
}

/** As in module.yaml, for a run without a manifest (a test). */
const LIMITS: Limits = {
  ...{ diff: 80_000, linked_issues: 30_000, commits: 20_000, file: 200_000, files: 90_000, files_read: 60 },
  ...{ thread: 50_000, total: 240_000 },
}
const PATHS = [
  '!{package-lock.json,yarn.lock,pnpm-lock.yaml,Cargo.lock,go.sum}',
  '!**/{vendor,node_modules,dist}/**',
]

interface Config {
  readonly max_findings?: number
  readonly paths?: readonly string[]
  readonly instructions?: string
  readonly language?: string
  readonly request_changes?: boolean
  readonly spec_dir?: string
  readonly max_parts?: number
  readonly limits?: Partial<Limits>
}

/** Reads them for this run. */
export async function readSettings(ctx: ContextOf<'pull_request'>): Promise<Settings> {
  const config = ctx.config as Config
  const { settings, problems, report } = await readRepositorySettings(ctx)
  const narrowed = narrowSettings({ ...config, paths: config.paths ?? PATHS }, settings)
  return {
    ...narrowed,
    maxFindings: narrowed.maxFindings ?? 10,
    requestChanges: config.request_changes ?? false,
    specDir: config.spec_dir ?? 'specs',
    maxParts: config.max_parts ?? 6,
    limits: { ...LIMITS, ...config.limits },
    file: { problems, report },
  }
}

/** Credentials that may not read files cannot read that file either; any other trouble is worth another try. */
async function readRepositorySettings(ctx: ContextOf<'pull_request'>): Promise<RepositorySettingsFile> {
  try {
    return await ctx.repo.settings()
  } catch (error) {
    if (reasonOf(error) !== 'github_forbidden') throw error
    ctx.log.warn('could not read what the repository asks for', { error: String(error) })
    return { settings: {}, problems: [], report: null }
  }
}
