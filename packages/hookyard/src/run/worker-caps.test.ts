// A module leaves a worker to the others.
import { expect, test } from 'vitest'
import { module } from '../../../../test/builders.ts'
import { workerCaps } from './runner.ts'

const [a, b] = [module('a'), module('b')]

test.each([
  ['all but one while there is another module', [a, b], 4, { a: 3, b: 3 }],
  ['all, when it is alone', [a], 4, { a: 4 }],
  ['all, when the other one is disabled', [a, { ...b, enabled: false }], 4, { a: 4 }],
  ['the only one', [a, b], 1, { a: 1, b: 1 }],
  ['what it was given', [{ ...a, maxWorkers: 1 }, b], 4, { a: 1, b: 3 }],
  ['what it was given, alone too', [{ ...a, maxWorkers: 2 }], 4, { a: 2 }],
])('%s', (_what, modules, concurrency, caps) => {
  expect(Object.fromEntries(workerCaps(modules, concurrency))).toEqual(caps)
})
