// A module that starts another one: what the other is given, and when there is no run.
import { expect, test } from 'vitest'
import { config, module } from '../../test/builders.ts'
import type { ClaimedRun, NewRun } from '../store/store.ts'
import { invokeFromModule } from './invoke.ts'

const sweeper = module('sweeper', {
  subject: 'none',
  input: { type: 'object', properties: { days: { type: 'integer', default: 30 } } },
})
const run: ClaimedRun = {
  id: 'run1',
  module: 'caller',
  entity: 'octocat/hello-world#1',
  repository: 'octocat/hello-world',
  trigger: { type: 'invoke', event: null, action: null, by: 'admin', at: '1970-01-01T00:00:00.000Z' },
  delivery: null,
  recipients: ['admin'],
  status: 'running',
  reason: null,
  attempt: 1,
  failures: 0,
  attempts: [],
  questions: [],
  summary: null,
  details: null,
  error: null,
  costUsd: 0,
  input: null,
  depth: 0,
  cooldownMs: 0,
  createdAt: 0,
  runAt: 0,
  startedAt: 0,
  finishedAt: null,
  payload: null,
  state: null,
}

/** The run that an invocation with this input creates. */
async function invoked(input?: unknown): Promise<NewRun | undefined> {
  const created: NewRun[] = []
  const options = {
    module: (name: string) => (name === 'sweeper' ? sweeper : undefined),
    newRunId: () => 'run2',
    clock: () => 0,
    config: () => config(),
    store: {
      runs: {
        create(made: NewRun) {
          created.push(made)
          return Promise.resolve({ status: 'created' as const, runId: made.id })
        },
      },
    },
  }
  await invokeFromModule(options, { run, module: module('caller'), ordinal: 1 }, { module: 'sweeper', input })
  return created[0]
}

test('the other module is given the defaults of its input schema, as a call over HTTP gives them', async () => {
  expect((await invoked())?.input).toEqual({ days: 30 })
  expect((await invoked({ days: 7 }))?.input).toEqual({ days: 7 })
})

test('an input that does not fit starts nothing and says what is wrong', async () => {
  await expect(invoked({ days: 'all' })).rejects.toMatchObject({
    reason: 'invalid_input',
    message: 'input.days: found "all", expected integer',
  })
})
