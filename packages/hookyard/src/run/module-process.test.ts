// A module process: it holds nothing secret, serves one run at a time, and whatever it does ends with it.
import { existsSync, readFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import {
  deaf,
  endStarted,
  handler,
  init,
  never,
  specOf,
  start,
  writeHandler,
} from '../../testing/run/module-process.ts'
import { startHere } from './module-link.ts'
import { ModuleProcess } from './module-process.ts'
import type { RunHandlers } from './session.ts'

afterEach(endStarted)

test('the SDK resolves from a folder outside the checkout, and the outcome comes back', async () => {
  const result = await start(handler(`return done('hello ' + ctx.recipients[0], { details: { n: 1 } })`)).run(
    init(),
    deaf,
    never,
  )
  expect(result).toEqual({
    kind: 'returned',
    outcome: { status: 'done', summary: 'hello alice', details: { n: 1 } },
  })
})

test('zod resolves for a module that brings none of its own', async () => {
  const made = start(`
    import { z } from 'zod'
    import { defineModule, done } from '@hookyard/sdk'
    export default defineModule({ config: z.strictObject({ max: z.number().default(3) }), handle: ({ config }) => done('max ' + config.max) })
  `)
  expect(await made.run(init(), deaf, never)).toMatchObject({ outcome: { summary: 'max 3' } })
  expect(await made.validate('config', { max: 'many' })).toEqual([expect.stringContaining('max')])
  expect(await made.validate('config', { max: 5 })).toBeNull()
})

test('no secret of the service is in the environment of a module', async () => {
  const made = start(handler(`return done(JSON.stringify(process.env))`), {
    ...process.env,
    GITHUB_TOKEN: 'ghp_secret',
    GITHUB_WEBHOOK_SECRET: 'hook-secret',
    ANTHROPIC_API_KEY: 'sk-secret',
  })
  const result = await made.run(init(), deaf, never)
  expect(JSON.stringify(result)).not.toMatch(/secret|GITHUB|ANTHROPIC|HOOKYARD/)
})

test.each([
  ['a number that JSON has not', `return done('x', { details: { n: 10n } })`],
  ['a circle', `const circle = {}; circle.circle = circle; return done('x', { state: circle })`],
])('an outcome with %s is refused for good', async (_what, body) => {
  expect(await start(handler(body)).run(init(), deaf, never)).toMatchObject({
    kind: 'threw',
    error: {
      kind: 'permanent',
      reason: 'invalid_outcome',
      message: expect.stringMatching(/^the handler's outcome is no JSON: .+$/),
    },
  })
})

test('a call goes out and its answer or its error comes back with its meaning', async () => {
  const made = start(
    handler(`
    try { await ctx.notify('x') } catch (error) { return done(error.name + ': ' + error.message + ' ' + error.reason) }
  `),
  )
  const { PermanentError } = await import('../lib/errors.ts')
  const onCall = () => Promise.reject(new PermanentError('not allowed', { reason: 'missing_grant' }))
  expect(await made.run(init(), { ...deaf, onCall }, never)).toMatchObject({
    outcome: { summary: 'PermanentError: not allowed missing_grant' },
  })
})

test('a handler that returns nothing is heard too', async () => {
  expect(await start(handler('')).run(init(), deaf, never)).toEqual({ kind: 'returned', outcome: undefined })
})

test('what a run is not about is undefined, and no error', async () => {
  const subject = { kind: 'pull_request' as const, pr: { number: 2 }, issue: null, repo: null }
  const body = `const { pr, issue, repo } = ctx; return done([pr.number, issue, repo, (ctx.issue ?? ctx.pr).number].join())`
  expect(await start(handler(body)).run(init({ subject }), deaf, never)).toMatchObject({
    outcome: { summary: '2,,,2' },
  })
})

test('an error thrown by the handler is told apart by its class', async () => {
  const made = start(handler(`throw new PermanentError('never again', { reason: 'mine' })`))
  expect(await made.run(init(), deaf, never)).toMatchObject({
    kind: 'threw',
    error: { kind: 'permanent', reason: 'mine', message: 'never again' },
  })
})

test('a module that exits ends only its own run', async () => {
  const made = start(handler(`process.exit(3)`))
  expect(await made.run(init(), deaf, never)).toEqual({ kind: 'died', how: 'exited with code 3' })
  expect(made.clean).toBe(false)
})

test('what a handler did not wait for fails its run with the error, not with an exit code', async () => {
  const made = start(
    handler(`
    void Promise.resolve().then(() => { throw new Error('nobody awaited this') })
    await new Promise((resolve) => setTimeout(resolve, 5_000))
    return done('never')
  `),
  )
  expect(await made.run(init(), deaf, never)).toMatchObject({
    kind: 'threw',
    error: { message: 'nobody awaited this' },
  })
  expect(made.clean).toBe(false)
})

// Without this, Linux gives the session of a module as much of the processor as the whole service has.
test.runIf(existsSync('/proc/self/autogroup'))(
  'a module’s whole session has the lowest priority',
  async () => {
    const made = start(handler(`return done('ok')`), process.env, startHere)
    await made.inspect()
    await expect
      .poll(() => readFileSync(`/proc/${made.pid}/autogroup`, 'utf8'), { timeout: 20_000 })
      .toMatch(/nice 19$/m)
    expect(getPriority(made.pid)).toBe(19)
  },
)

test.runIf(existsSync('/proc/self/autogroup'))(
  'what somebody waits for loads with the priority of the service, and the first run lowers it',
  async () => {
    const made = new ModuleProcess({
      ...specOf(writeHandler(handler(`return done('ok')`))),
      priority: 'normal',
    })
    onTestFinished(() => made.kill())
    await made.inspect()
    expect(getPriority(made.pid)).toBe(getPriority())
    await made.run(init(), deaf, never)
    expect(getPriority(made.pid)).toBe(19)
    await expect
      .poll(() => readFileSync(`/proc/${made.pid}/autogroup`, 'utf8'), { timeout: 20_000 })
      .toMatch(/nice 19$/m)
  },
)

test('that it begins is told once its handler is loaded, before it does anything', async () => {
  const heard: string[] = []
  const made = start(handler(`await ctx.notify('works'); return done('ok')`, `console.log('loading')`))
  const handlers: RunHandlers = {
    onBegin: () => void heard.push('begins'),
    onCall: (_method, params) => {
      heard.push((params as { text: string }).text)
      return Promise.resolve(null)
    },
    onLog: (_level, message) => void heard.push(message),
  }
  await made.run(init(), handlers, never)
  expect(heard).toEqual(['loading', 'begins', 'works'])
})

test('a module that spins is killed after its abort', async () => {
  const made = start(handler(`await ctx.notify('spinning'); for (;;) {}`))
  const stop = new AbortController()
  const onCall = () => {
    setImmediate(() => stop.abort(new Error('timeout')))
    return Promise.resolve(null)
  }
  expect(await made.run(init(), { ...deaf, onCall }, stop.signal)).toEqual({
    kind: 'died',
    how: 'was killed by SIGKILL',
  })
})

test('a module that fills its heap dies alone', async () => {
  const made = start(handler(`const held = []; for (;;) held.push(new Array(1e6).fill(Math.random()))`))
  expect(await made.run(init(), deaf, never)).toMatchObject({
    kind: 'died',
    how: 'ran out of its 512 MiB of heap',
  })
})

test.each([
  ['process.abort()', `process.abort()`],
  [
    'a signal',
    `process.kill(process.pid, 'SIGABRT'); await new Promise((resolve) => setTimeout(resolve, 5_000))`,
  ],
  [
    'a library that prints and aborts',
    `process.stderr.write('FATAL: no memory '.repeat(1_000)); process.abort()`,
  ],
])('an abort by %s is not told as a full heap', async (_by, body) => {
  expect(await start(handler(body)).run(init(), deaf, never)).toEqual({
    kind: 'died',
    how: 'was killed by SIGABRT',
  })
})

test('a full heap is told as one, also by a module that has printed much before', async () => {
  const made = start(
    handler(`
      process.stderr.write('x'.repeat(50_000))
      const held = []
      for (;;) held.push(new Array(1e6).fill(Math.random()))
    `),
  )
  expect(await made.run(init(), deaf, never)).toMatchObject({ how: 'ran out of its 512 MiB of heap' })
})

test('a clean process serves again, one that leaves a timer behind does not', async () => {
  const clean = start(handler(`return done('ok')`))
  await clean.run(init(), deaf, never)
  expect(clean.clean).toBe(true)
  expect(await clean.run(init({ runId: 'r2' }), deaf, never)).toMatchObject({ kind: 'returned' })
  const leaking = start(handler(`setInterval(() => {}, 1000); return done('ok')`))
  await leaking.run(init(), deaf, never)
  expect(leaking.clean).toBe(false)
})

test('a handler without a default export is a clear error', async () => {
  await expect(start(`export const x = 1`).inspect()).rejects.toThrow(/default export/)
  await expect(start(`import './missing.ts'`).inspect()).rejects.toThrow(
    /could not be loaded: .*missing\.ts.* \(a module reads its own folder alone; .*`needs\.read`/s,
  )
})

test('what a handler declares can be read', async () => {
  const made = start(`
    import { defineModule, done } from '@hookyard/sdk'
    export default defineModule({ subject: 'issue', events: ['issues.opened'], handle: () => done('x') })
  `)
  expect(await made.inspect()).toMatchObject({
    subject: 'issue',
    events: ['issues.opened'],
    config: false,
    input: false,
  })
})

test('once runs its function once, and what was interrupted is not run again', async () => {
  const made = start(
    handler(`
    const first = await ctx.once('k', () => 'made')
    const kept = await ctx.once('kept', () => { throw new Error('must not run') })
    let interrupted
    try { await ctx.once('broken', () => 'no') } catch (error) { interrupted = error.reason }
    return done([first, kept, interrupted].join(','))
  `),
  )
  const calls: unknown[] = []
  const onCall = (method: string, params: unknown) => {
    calls.push([method, params])
    const { key } = params as { key: string }
    if (method !== 'once.begin') return Promise.resolve(null)
    return Promise.resolve(
      key === 'kept' ? { state: 'done', result: 'stored' } : { state: key === 'broken' ? 'begun' : 'new' },
    )
  }
  expect(await made.run(init(), { ...deaf, onCall }, never)).toMatchObject({
    outcome: { summary: 'made,stored,once_interrupted' },
  })
  expect(calls).toContainEqual(['once.end', { key: 'k', result: 'made' }])
})

test('of endless log lines the first ones are kept, and that the rest is dropped is said once', async () => {
  const lines: string[] = []
  const made = start(
    handler(
      `for (let n = 0; n < 3000; n += 1) { ctx.log.info('line ' + n); if (n % 500 === 0) await new Promise((r) => setTimeout(r, 150)) } return done('ok')`,
    ),
  )
  // What the service itself says of a run that left something open is no line of the module.
  const onLog = (level: string, message: string) => void (level === 'debug' || lines.push(message))
  await made.run(init(), { ...deaf, onLog }, never)
  expect(lines).toHaveLength(2001)
  expect(lines.at(-1)).toMatch(/dropped/)
})

test('of log lines with much in them 4 MiB are kept', async () => {
  const lines: string[] = []
  const made = start(
    handler(
      `for (let n = 0; n < 40; n += 1) ctx.log.info('line', { text: 'x'.repeat(500_000) })
      return done('ok')`,
    ),
  )
  await made.run(init(), { ...deaf, onLog: (_level, message) => void lines.push(message) }, never)
  expect(lines.filter((line) => line === 'line')).toHaveLength(8)
  expect(lines[8]).toBe('after 4194304 characters, further ones of this run are dropped')
})

test.runIf(process.platform === 'linux')('memory is counted while a handler loads, too', async () => {
  const made = start(
    `const held = Array.from({ length: 15 }, () => Buffer.alloc(100 * 1024 * 1024, 1))
    await new Promise((resolve) => setTimeout(resolve, 30_000))
    export default held`,
  )
  await expect(made.inspect()).rejects.toThrow(/used more than 1024 MiB of memory/)
})

test('flags of V8 cannot be set, since some name files that it writes', async () => {
  const made = start(
    handler(
      `(await import('node:v8')).setFlagsFromString('--trace-turbo-cfg-file=/tmp/x'); return done('set')`,
    ),
  )
  expect(await made.run(init(), deaf, never)).toMatchObject({ kind: 'died' })
})
