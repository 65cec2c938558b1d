import { cleanLines, cut, oneLine } from '../outside-text.ts'
import { textLines } from '../message.ts'
import type { Message } from '../message.ts'
import { numberAt, textAt } from './field.ts'

const BODY_MAX = 200

/** A new comment on an issue or a pull request. */
export function formatIssueComment(action: string | null, payload: unknown): Message | null {
  const repo = oneLine(textAt(payload, 'repository', 'full_name'))
  const number = numberAt(payload, 'issue', 'number')
  if (action !== 'created' || repo === '' || number === null) return null
  const author = oneLine(textAt(payload, 'comment', 'user', 'login'))
  return {
    lines: [
      [{ bold: 'Comment' }, ` on #${number} in `, { code: repo }, ` by ${author}`],
      ...textLines(cleanLines(cut(textAt(payload, 'comment', 'body'), BODY_MAX))),
      [oneLine(textAt(payload, 'comment', 'html_url'), 1_024)],
    ],
  }
}
