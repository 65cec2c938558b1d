// People read what happened and what to do about it, however long the names in between are.
import { expect, test } from 'vitest'
import { withNextStep } from './next-step.ts'

test('long names do not push the next step out of the message', () => {
  const repository = `${'o'.repeat(39)}/${'r'.repeat(100)}`
  const error = `GitHub answered 404 to GET /repos/${repository} (${repository}): give the token access to ${repository}`
  expect(withNextStep(error, 'github_not_found')).toBe(error)
})

test.each([
  [
    'agent_malformed',
    'The answer does not fit:\n- /a is missing',
    'The answer does not fit: - /a is missing. Start the run',
  ],
  ['github_limited', 'The limit is used up for 20 s.', 'The limit is used up for 20 s. Start the run'],
  ['exhausted', 'attempt 3', 'attempt 3'],
  ['constructor', 'attempt 3', 'attempt 3'],
])('%s', (reason, error, told) => expect(withNextStep(error, reason).startsWith(told)).toBe(true))
