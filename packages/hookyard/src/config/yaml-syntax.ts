// The YAML parser's error codes in words that say how to fix the file. Its own messages may quote the line
// (and so a secret), therefore only the short, known ones are passed on.
import type { ErrorCode } from 'yaml'
import type { Fault } from './problem.ts'

const FAULTS: Partial<Record<ErrorCode, Fault>> = {
  TAB_AS_INDENT: {
    found: 'a tab at the start of the line',
    expected: 'spaces',
    hint: 'indent with spaces; YAML takes no tabs there',
  },
  BAD_INDENT: {
    found: 'a line that is indented too little or too much',
    expected: 'the indentation of its neighbours (or a closing bracket before)',
    hint: 'align it with the lines above',
  },
  BLOCK_AS_IMPLICIT_KEY: {
    found: 'a second "key:" on one line',
    expected: 'one key per line',
    hint: 'put a value that contains ": " into quotes',
  },
  MISSING_CHAR: {
    found: 'something unfinished',
    expected: 'the closing quote, bracket, comma or colon',
    hint: 'close what was opened on this line or above',
  },
  BAD_SCALAR_START: {
    found: 'a value that begins with @ or a backtick',
    expected: 'text in quotes',
    hint: 'put the value into quotes',
  },
  BAD_DQ_ESCAPE: {
    found: 'an unknown \\ escape in double quotes',
    expected: 'a known escape',
    hint: 'use single quotes, or write \\\\',
  },
  MULTIPLE_DOCS: {
    found: 'a second document (---)',
    expected: 'one document',
    hint: 'remove the --- line and what does not belong',
  },
  MULTILINE_IMPLICIT_KEY: {
    found: 'a key without its colon',
    expected: 'KEY: value',
    hint: 'write a colon and a space after the key',
  },
  KEY_OVER_1024_CHARS: { found: 'a key longer than 1024 characters', expected: 'a short key' },
  TAG_RESOLVE_FAILED: {
    found: 'a tag (!name) that means nothing here',
    expected: 'a value without a tag',
    hint: 'remove the tag, or put text that begins with ! into quotes',
  },
  RESOURCE_EXHAUSTION: {
    found: 'values nested too deep to read',
    expected: 'a few levels',
    hint: 'look for unclosed brackets',
  },
}

/** What to tell about a syntax error; `text` begins one character before it. */
export function syntaxFault(code: ErrorCode, message: string, text: string): Fault {
  if (text.startsWith('${')) {
    const found = 'a variable without quotes between { } or [ ]'
    return { found, expected: 'it in quotes', hint: 'write "${NAME}" there, quotes included' }
  }
  const known = FAULTS[code]
  if (known) return known
  // `Unexpected X token in YAML stream: "the line"`: only what stands before the quotation.
  const said = message.split(/[:"'`]/, 1)[0]?.trim() || 'something else'
  return {
    found: `text that YAML does not allow here (${said})`,
    expected: 'YAML',
    hint: 'check quotes, colons and indentation',
  }
}
