// A module that starts another one: what the other is given, and when there is no run.
import { expect, test } from 'vitest'
import { claimedRun, config, module } from '../../test/builders.ts'
import type { NewRun } from '../store/store.ts'
import { invokeFromModule } from './invoke.ts'

const sweeper = module('sweeper', {
  subject: 'none',
  input: { type: 'object', properties: { days: { type: 'integer', default: 30 } } },
})
const run = claimedRun({ module: 'caller' })

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
