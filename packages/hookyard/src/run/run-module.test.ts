// A run that is told to stop ends, whatever hangs.
import { dirname } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { claimedRun, module as moduleOf } from '../../../../test/builders.ts'
import type { Broker, RunBroker } from '../broker/broker.ts'
import { silentLog } from '../lib/log.ts'
import { handler, writeHandler } from '../../testing/run/module-process.ts'
import type { ModuleProcess } from './module-process.ts'
import { type ProcessPool, createProcessPool } from './process-pool.ts'
import { InterruptionError, runModule } from './run-module.ts'

const pool = createProcessPool({ keep: 1, environment: process.env })
afterAll(() => pool.close())

const forever = <T>() => new Promise<T>(() => undefined)

/** Cancels the run when its handler calls, or at once; answers how it is settled. */
async function cancelled(body: string, more: Partial<RunBroker> = {}, processes: ProcessPool = pool) {
  const stop = new AbortController()
  const cancel = () => stop.abort(new InterruptionError({ kind: 'cancelled', reason: 'by:alice' }))
  const broker: RunBroker = {
    load: () => Promise.resolve({ kind: 'none', pr: null, issue: null, repo: null, subject: null }),
    call(method) {
      if (method === 'notify') setImmediate(cancel)
      return method === 'notify' ? Promise.resolve(null) : forever()
    },
    refuseState: () => Promise.resolve(null),
    costUsd: 0,
    told: false,
    records: {},
    tainted: false,
    ...more,
  }
  const file = writeHandler(handler(body))
  const module = moduleOf('m', { subject: 'none', dir: dirname(file), handler: file })
  if (body === '') setImmediate(cancel)
  return runModule(claimedRun({ module: 'm', repository: null }), stop.signal, {
    broker: { open: () => broker } as Broker,
    pool: processes,
    module: () => module,
    addressOf: () => null,
    githubApiUrl: 'https://api.github.com',
    clock: () => 0,
    random: () => 0,
    log: silentLog,
  })
}

const stuck: ProcessPool = {
  ...pool,
  acquire: () =>
    ({
      pid: 0,
      clean: true,
      fresh: true,
      noted: null,
      run: forever,
      kill: forever,
    }) as Partial<ModuleProcess> as ModuleProcess,
  release: () => undefined,
}

test.each<[string, string, Partial<RunBroker>?, ProcessPool?]>([
  [
    'ignores its signal',
    `await ctx.notify('x'); await new Promise((r) => setTimeout(r, 60_000)); return done('late')`,
  ],
  ['spins', `await ctx.notify('x'); for (;;) {}`],
  ['swallows every error', `await ctx.notify('x'); for (;;) try { await ctx.invoke('m') } catch {}`],
  ['hangs in a call', `await Promise.all([ctx.notify('x'), ctx.invoke('m')]); return done('late')`],
  [
    'spins after its outcome',
    `await ctx.notify('x'); setImmediate(() => { for (;;) {} }); return done('late')`,
  ],
  ['has no answer of GitHub', '', { load: forever }],
  ['has a process that does not end', '', {}, stuck],
])('a cancelled run that %s ends as cancelled', async (_what, body, more, processes) => {
  expect(await cancelled(body, more, processes)).toMatchObject({
    kind: 'finished',
    status: 'cancelled',
    reason: 'by:alice',
  })
})
