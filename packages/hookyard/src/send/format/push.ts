import { wholeLine } from '../untrusted-text.ts'
import type { Line, Message } from '../message.ts'
import { recordsAt, textAt, valueAt } from './field.ts'

const SHOWN = 5

/** A push with commits; a deleted branch says nothing. */
export function formatPush(_action: string | null, payload: unknown): Message | null {
  const repo = wholeLine(textAt(payload, 'repository', 'full_name'))
  const commits = recordsAt(payload, 'commits')
  if (repo === '' || commits.length === 0 || valueAt(payload, 'deleted') === true) return null
  const ref = wholeLine(textAt(payload, 'ref').replace(/^refs\/(?:heads|tags)\//, ''))
  const pusher = wholeLine(textAt(payload, 'pusher', 'name')) || 'Someone'
  const compare = wholeLine(textAt(payload, 'compare'))
  const lines: Line[] = [[{ bold: 'Push' }, ' to ', { code: `${repo}:${ref}` }, ` by ${pusher}`]]
  for (const commit of commits.slice(0, SHOWN)) {
    lines.push([
      '  ',
      { code: wholeLine(textAt(commit, 'id').slice(0, 7)) },
      ` ${firstLine(textAt(commit, 'message'))}`,
    ])
  }
  if (commits.length > SHOWN) lines.push([`  ... and ${commits.length - SHOWN} more`])
  if (compare !== '') lines.push([{ link: compare, text: 'Compare' }])
  return { lines, tail: compare === '' ? 0 : 1 }
}

const firstLine = (message: string): string => wholeLine(message.split('\n', 1)[0] ?? '')
