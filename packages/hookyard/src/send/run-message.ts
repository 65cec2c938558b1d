// What the recipients of a run read: contract section 5, "Results of runs".
import { cleanLines, inertText, oneLine, wholeLine } from './untrusted-text.ts'
import { textLines } from './message.ts'
import type { Line, Message } from './message.ts'

export interface FinishedRun {
  readonly module: string
  readonly entity: string
  readonly runId: string
  readonly outcome:
    | { readonly status: string; readonly summary: string }
    | { readonly status: string; readonly reason: string }
  /** What the run says may come from an agent: nothing in it may act. */
  readonly tainted: boolean
  /** The pull request or issue that the run was about, when it is known. */
  readonly subject: { readonly number: number; readonly title: string; readonly url: string } | null
}

/** The summary, `#N Title` and the URL; without a subject the entity, so that `#N` is never missing. */
export function runMessage({ module, entity, runId, outcome, tainted, subject }: FinishedRun): Message {
  const said = cleanLines(heard('summary' in outcome ? outcome.summary : outcome.reason, tainted)).trim()
  const summary = said === '' ? `${module} ended ${outcome.status} (run ${runId})` : said
  const tail = subject === null ? entityLines(entity) : subjectLines(subject)
  return { lines: [...textLines(summary), ...tail], tail: tail.length }
}

/** What a module tells while it runs; it may hold a stranger's title, as a summary may. */
export const toldMessage = (text: string, tainted: boolean): Message => ({
  lines: textLines(cleanLines(heard(text, tainted))),
})

/** A module's words as they are, or, of a tainted run, with nothing in them that acts. */
export const heard = (text: string, tainted: boolean): string => (tainted ? inertText(text) : text)

/** `MODULE failed on ENTITY: REASON (run ID)`, one line. */
export function crashNotice(
  module: string,
  entity: string,
  reason: string,
  runId: string,
  how: 'failed' | 'was skipped' = 'failed',
): Message {
  return { lines: [[`${module} ${how} on ${entity}: ${oneLine(reason, 1_000)} (run ${runId})`]] }
}

function subjectLines({ number, title, url }: NonNullable<FinishedRun['subject']>): Line[] {
  const name = `#${number} ${wholeLine(title)}`.trim()
  return url === '' ? [[{ bold: name }]] : [[{ bold: name }], [wholeLine(url)]]
}

const entityLines = (entity: string): Line[] => (entity === '-' ? [] : [[entity]])
