// GUIDs of the load look like GitHub's, and none comes twice.
import { expect, test } from 'vitest'
import { createGuids } from './guid.ts'

test('a GUID tells its time, as the one in GitHub’s documentation does', () => {
  const guid = createGuids(() => Date.parse('2014-04-25T12:52:24.582Z') + 0.507)()
  expect(guid).toMatch(/^72d316[0-9a-f]{2}-cc78-11e3-8000-[0-9a-f]{12}$/)
})

test('none comes twice while the clock stands still or goes back', () => {
  let now = 1_000
  const next = createGuids(() => now)
  const guids = Array.from({ length: 1_000 }, (_, n) => {
    if (n === 500) now = 0
    return next()
  })
  expect(new Set(guids).size).toBe(1_000)
})
