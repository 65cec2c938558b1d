// Reads a file that a person wrote. Never throws: what is wrong with it comes back as a problem.
import { isUtf8 } from 'node:buffer'
import { readFileSync, statSync } from 'node:fs'
import { placeIn, problemAt } from './problem.ts'
import type { Fault, Problem } from './problem.ts'

/** In bytes. */
export const MAX_FILE_BYTES = 1024 * 1024

export type ReadText = { readonly text: string } | { readonly problem: Problem; readonly missing: boolean }

/** Reads UTF-8 text of at most 1 MiB; a byte order mark is dropped. `missing`: there is no such file. */
export function readTextFile(
  file: string,
  expected: string,
  hintWhenMissing: string | null = null,
): ReadText {
  const fail = (fault: Fault, missing = false) => ({ problem: problemAt(placeIn(file), fault), missing })
  try {
    const stats = statSync(file)
    if (!stats.isFile())
      return fail({ found: stats.isDirectory() ? 'a folder' : 'no regular file', expected })
    if (stats.size > MAX_FILE_BYTES) return fail(tooLarge(stats.size))
    const bytes = readFileSync(file)
    if (!isUtf8(bytes)) {
      const expected = 'UTF-8 text'
      return fail({ found: 'bytes that are not UTF-8', expected, hint: 'save the file as UTF-8' })
    }
    return checkText(bytes.toString(), file)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable'
    if (code === 'ENOENT' || code === 'ENOTDIR')
      return fail({ found: 'no such file', expected, hint: hintWhenMissing }, true)
    return fail({ found: `a file that cannot be read (${code})`, expected, hint: 'let this user read it' })
  }
}

/** The checks of text that came from elsewhere than a file: size, and no NUL character. */
export function checkText(text: string, file: string): ReadText {
  const bytes = Buffer.byteLength(text)
  if (bytes > MAX_FILE_BYTES) return { problem: problemAt(placeIn(file), tooLarge(bytes)), missing: false }
  const nul = text.indexOf('\0')
  if (nul < 0) return { text: text.replace(/^\uFEFF/, '') }
  const before = text.slice(0, nul).split('\n')
  const place = { file, line: before.length, column: (before.at(-1) ?? '').length + 1, key: '' }
  const fault = { found: 'a NUL character', expected: 'text', hint: 'save the file as UTF-8 text' }
  return { problem: problemAt(place, fault), missing: false }
}

const tooLarge = (bytes: number): Fault => ({
  found: `${bytes} bytes`,
  expected: `at most ${MAX_FILE_BYTES} bytes`,
  hint: 'this is not the file you meant, or it holds data that belongs elsewhere',
})
