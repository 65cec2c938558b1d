import fc from 'fast-check'
import { expect, test } from 'vitest'
import { withoutControls } from './controls.ts'

test('no control character stays in any key or value, and nothing else is lost', () => {
  expect(withoutControls({ 'a\u001b[2J': ['b\u009b1m\u202ec', 'd\r\ne\tf'], n: 1, x: null })).toEqual({
    'a[2J': ['b1mc', 'd\ne\tf'],
    ...{ n: 1, x: null },
  })
  fc.assert(
    fc.property(fc.json({ maxDepth: 3 }), (json) => {
      const clean = JSON.stringify(withoutControls(JSON.parse(json)))
      expect(clean).not.toMatch(/\\u00[01]|[\u007f-\u009f\u202a-\u202e]/)
    }),
  )
})
