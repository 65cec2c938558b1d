// The only thing that a module imports. Semver applies to this file and to module.yaml.
export { defineModule } from './define-module.ts'
export type { ModuleDefinition, SchemaIssue, SchemaResult, StandardSchema } from './define-module.ts'
export { done, failed, paused, skipped } from './outcome.ts'
export type { ModuleResult, Outcome, PausedOptions, QuestionOption } from './outcome.ts'
export { isPermanent, PermanentError, reasonOf, RetryAfterError } from './errors.ts'
export { toBlock, toLine } from './blocks.ts'
export { parseDiff } from './diff.ts'
export type { DiffFile, DiffLine } from './diff.ts'
export { coversPath, matchesGlob } from './glob.ts'
export { narrowSettings, settingsNote } from './repository-settings.ts'
export type {
  NarrowedSettings,
  OperatorSettings,
  RepositorySettingsFile,
  RepositorySettings,
} from './repository-settings.ts'
export type {
  AgentAnswer,
  AgentRequest,
  AgentTask,
  CommandData,
  ContextOf,
  GitHubClient,
  Logger,
  ModuleContext,
  ResumeData,
  ScheduleData,
  SubjectKind,
  Trigger,
} from './context.ts'
export type {
  Account,
  ChangedFile,
  CheckInput,
  Comment,
  Commit,
  Issue,
  Label,
  LabelReceipt,
  LinkedIssue,
  ProjectReceipt,
  PullRequest,
  PullRequestNow,
  Receipt,
  Repository,
  RepositoryEntry,
  Resolution,
  ReviewComment,
  ReviewInput,
  ReviewThread,
  SearchHit,
  ThreadComment,
} from './subject.ts'
