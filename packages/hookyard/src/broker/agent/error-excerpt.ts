import { stripVTControlCharacters } from 'node:util'
import { createRedactor } from '../../lib/redactor.ts'
import { stripInvisible, redactSecrets } from '@hookyard/sdk/host'

const MAX_CHARS = 300

/** The end of what a process said, fit for an error's text: one line, no escape codes, no secrets. */
export function errorExcerpt(text: string, secrets: readonly string[]): string {
  const safe = createRedactor(secrets, { shortest: 1 })(text)
  const plain = redactSecrets(stripInvisible(stripVTControlCharacters(safe)).text)
  const line = plain.replace(/\s+/g, ' ').trim()
  return line.length > MAX_CHARS ? `…${line.slice(-MAX_CHARS)}` : line
}
