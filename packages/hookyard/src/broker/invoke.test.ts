// A module that starts another one: what the other is given, and when there is no run.
import { expect, test } from 'vitest'
import { claimedRun, config, module } from '../../../../test/builders.ts'
import type { CreateOptions, NewRun } from '../store/store.ts'
import { invokeFromModule } from './invoke.ts'

const sweeper = module('sweeper', {
  subject: 'none',
  input: { type: 'object', properties: { days: { type: 'integer', default: 30 } } },
})
const run = claimedRun({ module: 'caller' })

/** What an invocation with this input creates. */
async function invocation(input?: unknown) {
  const created: { made: NewRun; how: CreateOptions | undefined }[] = []
  const options = {
    module: (name: string) => (name === 'sweeper' ? sweeper : undefined),
    newRunId: () => 'run2',
    clock: () => 0,
    config: () => config(),
    store: {
      runs: {
        create(made: NewRun, how?: CreateOptions) {
          created.push({ made, how })
          return Promise.resolve({ status: 'created' as const, runId: made.id })
        },
      },
    },
  }
  await invokeFromModule(
    options,
    { run, module: module('caller'), ordinal: 1, tainted: false },
    { module: 'sweeper', input },
  )
  return created[0]
}

const invoked = async (input?: unknown) => (await invocation(input))?.made

test('the run that invokes is named, so that it is not replaced by what it invokes', async () => {
  expect((await invocation())?.how?.invokedBy).toBe('run1')
})

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
