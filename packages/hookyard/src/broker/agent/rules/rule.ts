// What a rule is: something wrong in nearly every project, found by its form, and right almost always.
import type { DiffFile } from '@hookyard/sdk/host'
import type { CodeLine } from './code-lines.ts'

export interface Rule {
  readonly severity: 'critical' | 'warning' | 'suggestion'
  readonly why: string
  readonly fix: string
  /** The added lines that it finds something wrong in, each with the finding's title. */
  find(file: RuleFile): readonly Hit[]
}

export interface RuleFile {
  readonly file: DiffFile
  /** All lines that the diff shows of the new version. */
  readonly lines: readonly CodeLine[]
}

export interface Hit {
  readonly line: number
  /** Hits of one title in a file are one finding. */
  readonly title: string
}

/** Added lines of the files that `path` fits, where `test` says a title, or true for the usual one. */
export const onCode =
  (path: RegExp, title: string, test: (line: CodeLine, file: RuleFile) => boolean | string) =>
  (file: RuleFile): Hit[] =>
    path.test(file.file.file)
      ? file.lines.flatMap((line) => {
          const found = line.added && test(line, file)
          return found === false ? [] : [{ line: line.line, title: found === true ? title : found }]
        })
      : []

export const JAVASCRIPT = /\.(?:[cm]?[jt]sx?|vue|svelte)$/i
export const PYTHON = /\.pyw?$/i
/** Languages whose `eval` runs text as code. */
export const DYNAMIC = /\.(?:[cm]?[jt]sx?|vue|svelte|pyw?|rb|php)$/i
export const TEST_FILE =
  /(?:^|\/)(?:tests?|__tests__|specs?|e2e|cypress)\/|\.(?:test|spec|cy)\.[cm]?[jt]sx?$|(?:^|\/)(?:test_[^/]*|[^/]*_test|conftest)\.py$/i
