import { cleanLines, cut, wholeLine } from '../untrusted-text.ts'
import { textLines } from '../message.ts'
import type { Message } from '../message.ts'
import { numberAt, textAt } from './field.ts'

const BODY_MAX = 200

/** A new comment on an issue or a pull request. */
export function formatIssueComment(action: string | null, payload: unknown): Message | null {
  const repo = wholeLine(textAt(payload, 'repository', 'full_name'))
  const number = numberAt(payload, 'issue', 'number')
  if (action !== 'created' || repo === '' || number === null) return null
  const author = wholeLine(textAt(payload, 'comment', 'user', 'login'))
  return {
    lines: [
      [{ bold: 'Comment' }, ` on #${number} in `, { code: repo }, ` by ${author}`],
      ...textLines(cleanLines(cut(textAt(payload, 'comment', 'body'), BODY_MAX))),
      [wholeLine(textAt(payload, 'comment', 'html_url'))],
    ],
    tail: 1,
  }
}
