// The one form of a problem, as a person reads it.
import { expect, test } from 'vitest'
import { formatPath, formatProblems, inReadingOrder } from './problem.ts'
import type { Problem } from './problem.ts'

const problem = (more: Partial<Problem>): Problem => ({
  file: '/srv/hookyard.yaml',
  line: 12,
  column: 5,
  key: 'server.port',
  found: '"abc"',
  expected: 'a port number 0-65535',
  hint: null,
  ...more,
})

test.each([
  [{}, 'hookyard.yaml:12:5 server.port: found "abc", expected a port number 0-65535.'],
  [
    { hint: 'write 8080' },
    'hookyard.yaml:12:5 server.port: found "abc", expected a port number 0-65535. Fix: write 8080.',
  ],
  [{ line: 0, column: 0, key: '' }, 'hookyard.yaml: found "abc", expected a port number 0-65535.'],
  [
    { file: '/etc/other.yaml' },
    '/etc/other.yaml:12:5 server.port: found "abc", expected a port number 0-65535.',
  ],
  [
    { file: '/srv/m/a/module.yaml' },
    'm/a/module.yaml:12:5 server.port: found "abc", expected a port number 0-65535.',
  ],
  [
    { file: 'environment', line: 0, column: 0, key: 'PORT' },
    'environment PORT: found "abc", expected a port number 0-65535.',
  ],
])('%j', (more, line) => {
  expect(formatProblems([problem(more)], '/srv')).toBe(line)
})

test('paths read like JavaScript', () => {
  expect(formatPath(['users', 0, 'features', 'pr_review'])).toBe('users[0].features.pr_review')
  expect(formatPath([])).toBe('')
})

test('problems come in the order of the lines, files in the order they came', () => {
  const given = [
    problem({ file: '/b', line: 2 }),
    problem({ file: '/a', line: 9 }),
    problem({ file: '/b', line: 1, column: 7 }),
    problem({ file: '/b', line: 1 }),
  ]
  expect(inReadingOrder(given).map(({ file, line, column }) => `${file}:${line}:${column}`)).toEqual([
    '/b:1:5',
    '/b:1:7',
    '/b:2:5',
    '/a:9:5',
  ])
})
