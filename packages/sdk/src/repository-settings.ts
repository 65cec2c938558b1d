// What the people of a repository may ask of a module: a part of its configuration, written into
// `.github/hookyard.yml` on the default branch. It narrows what the operator allows and never widens it.
import { coversPath } from './glob.ts'

/** Validated by the service; what the file does not say is absent. */
export interface RepositorySettings {
  /** `false` switches the module off in this repository. */
  readonly enabled?: boolean
  /** Patterns as for `coversPath`. */
  readonly paths?: readonly string[]
  readonly instructions?: string
  readonly max_findings?: number
  readonly language?: string
}

/** The repository's settings for one module, and what is wrong with the file. */
export interface RepositorySettingsFile {
  readonly settings: RepositorySettings
  /** A sentence for each problem; empty too when they have been told on another subject before. */
  readonly problems: readonly string[]
  /** Names the version of the file: for `repo.settingsReported`; null when there is nothing to report. */
  readonly report: string | null
}

/** The same keys as an operator sets them in `modules.NAME.config`. */
export type OperatorSettings = Omit<RepositorySettings, 'enabled'>

/** What holds for a run. */
export interface NarrowedSettings {
  readonly enabled: boolean
  /** Whether both lists cover the path. */
  covers(path: string): boolean
  /** The operator's first, then the repository's; empty when there are none. */
  readonly instructions: string
  /** The smaller one; null when nobody said. */
  readonly maxFindings: number | null
  readonly language: string | null
}

/** What is wrong with the file as a note for the end of a comment or a check run; null when nothing is. */
export function settingsNote(problems: readonly string[]): string | null {
  if (problems.length === 0) return null
  const told = problems.map((problem) => `- \`${problem.replace(/[`\s]+/g, ' ').slice(0, 300)}\``)
  return [
    'Not everything that `.github/hookyard.yml` asks for can be read; the rest of it holds:',
    ...told,
  ].join('\n')
}

/** The operator's settings with the repository's laid over them, never wider than the operator's. */
export function narrowSettings(operator: OperatorSettings, settings: RepositorySettings): NarrowedSettings {
  const counts = [operator.max_findings, settings.max_findings].filter((count) => count !== undefined)
  return {
    enabled: settings.enabled ?? true,
    covers: (path) => coversPath(operator.paths ?? [], path) && coversPath(settings.paths ?? [], path),
    instructions: [operator.instructions, settings.instructions]
      .map((text) => text?.trim() ?? '')
      .filter((text) => text !== '')
      .join('\n\n'),
    maxFindings: counts.length === 0 ? null : Math.min(...counts),
    language: settings.language ?? operator.language ?? null,
  }
}
