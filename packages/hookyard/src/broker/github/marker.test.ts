// A marker proves that this installation wrote a text, for this module, place and key; nothing else does.
import { expect, test } from 'vitest'
import { withMarker } from './body.ts'
import { findMarker, hashKey, isEqual, signMarker, stripMarkers } from './marker.ts'

const KEY = 'installation-key'
const marked = { module: 'pr-review', entity: 'octo/hello#42', kind: 'comment', key: 'summary' }

test('a signed marker is found again, and says module and key', () => {
  const text = `Looks good.\n\n${signMarker(KEY, marked)}`
  expect(findMarker(KEY, text, marked)).toEqual({
    module: 'pr-review',
    keyHash: hashKey(KEY, 'comment', 'summary'),
    text: signMarker(KEY, marked),
  })
})

test('the letter case of a repository does not matter', () => {
  const text = signMarker(KEY, { ...marked, entity: 'Octo/Hello#42' })
  expect(findMarker(KEY, text, marked)).not.toBeNull()
})

test.each([
  ['another entity', { ...marked, entity: 'octo/hello#43' }, KEY],
  ['another repository', { ...marked, entity: 'octo/other#42' }, KEY],
  ['another kind', { ...marked, kind: 'review' }, KEY],
  ['another installation', marked, 'other-key'],
])('a marker signed for %s is none', (_name, signedFor, key) => {
  expect(findMarker(KEY, signMarker(key, signedFor), marked)).toBeNull()
})

test.each([
  ['module', (text: string) => text.replace('pr-review', 'pr-reviewer')],
  [
    'key',
    (text: string) => text.replace(hashKey(KEY, 'comment', 'summary'), hashKey(KEY, 'comment', 'other')),
  ],
  ['signature', (text: string) => text.replace(/.(?= -->)/, (last) => (last === 'A' ? 'B' : 'A'))],
  ['version', (text: string) => text.replace(':v1:', ':v2:')],
  ['spacing', (text: string) => text.replace(' -->', '-->')],
])('a marker with another %s is none', (_name, tamper) => {
  const real = signMarker(KEY, marked)
  const forged = tamper(real)
  expect(forged).not.toBe(real)
  expect(findMarker(KEY, forged, marked)).toBeNull()
})

test('a forged marker before the real one does not hide it', () => {
  const text = `${signMarker('other-key', marked)} ${signMarker(KEY, marked)}`
  expect(findMarker(KEY, text, marked)?.module).toBe('pr-review')
})

test('two modules, and two keys of one, have markers of their own', () => {
  const markers = [marked, { ...marked, module: 'triage' }, { ...marked, key: 'other' }].map((of) =>
    signMarker(KEY, of),
  )
  expect(new Set(markers).size).toBe(3)
})

test.each([
  ['a whole one', `a ${signMarker(KEY, marked)} b`, 'a  b'],
  ['one in capitals', 'a <!-- HOOKYARD:v1:x --> b', 'a  b'],
  ['one without spaces', 'a<!--hookyard:anything-->b', 'ab'],
  ['one that is not closed', 'a <!-- hookyard:v1:m:', 'a v1:m:'],
  ['one put together by taking out another', '<!-- hook<!-- hookyard:x -->yard:v1:m -->', ''],
  ['one over lines', 'a <!-- hookyard:\nv1\n--> b', 'a  b'],
])('stripping takes out %s', (_name, text, expected) => {
  expect(stripMarkers(text)).toBe(expected)
})

test('other comments of a text stay', () => {
  expect(stripMarkers('a <!-- a note --> b')).toBe('a <!-- a note --> b')
})

test('a text that brings a marker goes out with ours alone', () => {
  const stolen = signMarker(KEY, { ...marked, key: 'another' })
  const body = withMarker(`hello ${stolen}`, signMarker(KEY, marked))
  expect(body.match(/<!-- hookyard:/g)).toHaveLength(1)
  expect(findMarker(KEY, body, marked)?.keyHash).toBe(hashKey(KEY, 'comment', 'summary'))
})

test('equality is that of the strings', () => {
  expect([isEqual('abc', 'abc'), isEqual('abc', 'abd'), isEqual('abc', 'ab'), isEqual('', '')]).toEqual([
    true,
    false,
    false,
    true,
  ])
})
