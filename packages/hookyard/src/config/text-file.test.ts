// A file that is no text is told as what it is, and never crashes the reader.
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MAX_FILE_BYTES, readTextFile } from './text-file.ts'

const dir = mkdtempSync(join(tmpdir(), 'hookyard-text-'))
const put = (name: string, content: string | Uint8Array) => {
  writeFileSync(join(dir, name), content)
  return join(dir, name)
}

const utf16 = Buffer.from('\uFEFFrepos: []', 'utf16le')

test.each([
  ['nothing at all', join(dir, 'gone'), 'no such file'],
  ['a path through a file', join(put('file', ''), 'below'), 'no such file'],
  ['a folder', dir, 'a folder'],
  ['a device', '/dev/null', 'no regular file'],
  ['UTF-16', put('utf16', utf16), 'bytes that are not UTF-8'],
  ['a picture', put('png', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0, 0xff)), 'bytes that are not UTF-8'],
  ['a NUL', put('nul', 'a: 1\n\0'), 'a NUL character'],
  ['too much', put('big', 'x'.repeat(MAX_FILE_BYTES + 1)), `${MAX_FILE_BYTES + 1} bytes`],
])('%s', (_name, file, found) => {
  const read = readTextFile(file, 'text')
  expect(read).toMatchObject({ problem: { file, found } })
  expect('missing' in read && read.missing).toBe(found === 'no such file')
})

test('text as it is, without its byte order mark', () => {
  expect(readTextFile(put('bom', '\uFEFFä: 1\r\n'), 'text')).toEqual({ text: 'ä: 1\r\n' })
  expect(readTextFile(put('full', 'x'.repeat(MAX_FILE_BYTES)), 'text')).toHaveProperty('text')
})

test.skipIf(process.getuid?.() === 0)('a file that may not be read', () => {
  const file = put('closed', '')
  chmodSync(file, 0)
  expect(readTextFile(file, 'text')).toMatchObject({
    problem: { found: 'a file that cannot be read (EACCES)' },
  })
})
