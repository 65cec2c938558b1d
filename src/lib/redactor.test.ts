// What modules say may hold a secret that they were told; it leaves without it.
import { expect, test } from 'vitest'
import { createRedactor } from './redactor.ts'

test('secrets go wherever they stand, and nothing else changes', () => {
  const redact = createRedactor(['ghp_0123456789', 'line\nbreak"quote', 'short'])
  expect(redact({ a: 'token ghp_0123456789!', b: ['line\nbreak"quote'], c: 'short', d: 1, e: null })).toEqual(
    {
      a: 'token [redacted]!',
      b: ['[redacted]'],
      c: 'short',
      d: 1,
      e: null,
    },
  )
  expect(redact(undefined)).toBeUndefined()
})
