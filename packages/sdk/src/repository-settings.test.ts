// A repository's settings narrow what the operator allows, and never widen it.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { narrowSettings } from './repository-settings.ts'

test('the smaller number, both lists, both instructions, the repository’s language', () => {
  const settings = narrowSettings(
    { max_findings: 10, paths: ['!**/*.lock'], instructions: 'Be brief.', language: 'English' },
    { max_findings: 3, paths: ['src/**'], instructions: 'We target Node 22.', language: 'German' },
  )
  expect(settings).toMatchObject({
    ...{ enabled: true, maxFindings: 3, instructions: 'Be brief.\n\nWe target Node 22.', language: 'German' },
  })
  expect(['src/a.ts', 'src/x.lock', 'docs/a'].map((path) => settings.covers(path))).toEqual([
    true,
    false,
    false,
  ])
})

test('nothing said is nothing narrowed', () => {
  expect(narrowSettings({}, {})).toMatchObject({
    enabled: true,
    maxFindings: null,
    instructions: '',
    language: null,
  })
  expect(narrowSettings({}, { enabled: false }).enabled).toBe(false)
})

test('whatever a repository asks, it is shown no more findings and no more paths', () => {
  const patterns = fc.array(fc.constantFrom('**', 'src/**', '!src/**', '*.lock', '!*.lock', '!docs/*'))
  const counts = fc.integer({ min: 1, max: 50 })
  fc.assert(
    fc.property(patterns, patterns, counts, counts, (operators, theirs, allowed, asked) => {
      const operator = { paths: operators, max_findings: allowed }
      const [alone, both] = [
        narrowSettings(operator, {}),
        narrowSettings(operator, { paths: theirs, max_findings: asked }),
      ]
      expect(both.maxFindings).toBeLessThanOrEqual(allowed)
      for (const path of ['src/a.ts', 'a.lock', 'docs/b', 'x'])
        if (both.covers(path)) expect(alone.covers(path)).toBe(true)
    }),
  )
})
