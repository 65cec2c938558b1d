// A large payload keeps what decisions look at.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { allOfficialPayloads } from '@hookyard/standins/payloads'
import { isSurelyShallow, shorten } from './shorten.ts'

test('what is small stays as it is', () => {
  for (const { payload } of allOfficialPayloads()) expect(shorten(payload)).toEqual(payload)
  fc.assert(fc.property(fc.jsonValue(), (value) => void expect(shorten(value)).toEqual(value)))
})

test('what is near the top stays, whatever stands before it; long lists and texts lose their ends', () => {
  const commits = Array.from({ length: 100_000 }, (_, at) => ({ id: at, added: ['a', 'b'] }))
  const payload = {
    deep: { deeper: { list: commits } },
    commits,
    text: 'x'.repeat(25 * 1_048_576),
    repository: { full_name: 'octocat/hello-world', owner: { login: 'octocat' } },
    sender: { login: 'octocat' },
  }
  const short = shorten(payload) as typeof payload
  expect(short).toMatchObject({ repository: payload.repository, sender: payload.sender })
  expect(short.commits[0]).toEqual({ id: 0, added: ['a', 'b'] })
  expect(short.commits.length).toBeLessThan(100_000)
  expect(short.text).toBe(payload.text.slice(0, 131_072))
  const json = JSON.stringify(short)
  expect(json.length).toBeLessThan(4 * 1_048_576)
})

test('no key changes the prototype', () => {
  const short = shorten(JSON.parse('{"__proto__":{"polluted":true}}')) as object
  expect(Object.getPrototypeOf(short)).toBe(Object.prototype)
  expect(Object.keys(short)).toEqual(['__proto__'])
})

test('a nest without end is cut, so that recursion can follow it', () => {
  const deep = '['.repeat(100_000) + ']'.repeat(100_000)
  expect(isSurelyShallow(deep)).toBe(false)
  expect(isSurelyShallow('[{"a":[]},[]]')).toBe(true)
  expect(JSON.stringify(shorten(JSON.parse(deep)))).toBe(`${'['.repeat(512)}null${']'.repeat(512)}`)
})
