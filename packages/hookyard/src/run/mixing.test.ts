// Runs do not mix: what one leaves behind ends its process, and nothing of it passes under the name of another run.
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { NO_NEEDS } from '../config/needs.ts'
import { silentLog } from '../lib/log.ts'
import { manifestOf } from '../../testing/registry/manifests.ts'
import {
  deaf,
  endStarted,
  handler,
  hearing,
  init,
  isAlive,
  never,
  start,
  writeHandler,
} from '../../testing/run/module-process.ts'
import { createProcessPool } from './process-pool.ts'

// Without Node's permission model, which refuses most of what may be left.
vi.mock(import('./box.ts'), async (original) => ({
  ...(await original()),
  permissionFlags: () => [],
}))

afterEach(endStarted)

test.each([
  ['a timer', `setTimeout(() => {}, 60_000)`],
  ['an unref’d timer', `setTimeout(() => {}, 60_000).unref()`],
  [
    'a timer of the library',
    `(await import('node:timers/promises')).setTimeout(60_000, null, { ref: false })`,
  ],
  ['a signal with a time', `globalThis.kept = AbortSignal.timeout(60_000)`],
  ['an interval', `setInterval(() => {}, 60_000).unref()`],
  ['immediates without end', `const again = () => setImmediate(again).unref(); again()`],
  ['a server', `(await import('node:net')).createServer().listen(0).unref()`],
  ['a channel', `new MessageChannel().port1.unref()`],
  [
    'a worker',
    `new (await import('node:worker_threads')).Worker('setInterval(() => {}, 1e6)', { eval: true }).unref()`,
  ],
  ['a program', `(await import('node:child_process')).spawn('sleep', ['60'], { stdio: 'ignore' }).unref()`],
  ['a call without an answer', `void ctx.notify('x')`],
])('%s that a run leaves ends its process', async (_what, body) => {
  const made = start(handler(`${body}; return done('ok')`))
  const onCall = () => new Promise<never>(() => undefined)
  expect(await made.run(init(), { ...deaf, onCall }, never)).toMatchObject({ outcome: { summary: 'ok' } })
  expect(made.clean).toBe(false)
})

test('runs that print, wait, read, ask and clean up behind them share a process', async () => {
  const bodies = [
    `console.log('x'); console.error('y')`,
    `await (await import('node:timers/promises')).setTimeout(5)`,
    `clearTimeout(setTimeout(() => {}, 60_000))`,
    `await (await import('node:fs/promises')).readFile(process.argv[1])`,
    `const s = (await import('node:net')).createServer().listen(0); await new Promise((r) => s.once('listening', r)); s.close()`,
    `await Promise.all([ctx.notify('a'), ctx.notify('b')]); ctx.log.info('c')`,
    `await ctx.github.request('GET /x')`,
  ]
  const made = start(
    handler(`await new (async () => {}).constructor('ctx', ctx.trigger.data.body)(ctx); return done('ok')`),
  )
  const onCall = () => Promise.resolve({ status: 200, headers: {}, body: '' })
  const left: unknown[] = []
  const onLog = (_level: string, text: string, fields?: unknown) => fields && left.push(text, fields)
  for (const body of bodies) {
    const trigger = { ...init().trigger, data: { body } }
    const result = await made.run(init({ trigger }), { onCall, onLog }, never)
    expect([result, made.clean, left]).toMatchObject([{ outcome: { summary: 'ok' } }, true, []])
  }
})

test('an answer that cannot be written down is an error of the call, and nothing else', async () => {
  const made = start(
    handler(`return done(await ctx.github.request('GET /x').then(String, (e) => e.message))`),
  )
  const circular: Record<string, unknown> = {}
  circular['self'] = circular
  const result = await made.run(init(), { ...deaf, onCall: () => Promise.resolve(circular) }, never)
  expect(result).toMatchObject({ outcome: { summary: expect.stringContaining('circular') as string } })
})

test('what a handler leaves while it is loaded counts too', async () => {
  const made = start(handler(`return done('ok')`, `setInterval(() => {}, 60_000).unref()`))
  await made.inspect()
  expect(made.clean).toBe(false)
})

test('the outcome of a module that answers no more is taken, and its process is killed', async () => {
  const made = start(handler(`setImmediate(() => { for (;;) {} }); return done('ok')`))
  expect(await made.run(init(), deaf, never)).toMatchObject({ outcome: { summary: 'ok' } })
  expect(made.clean).toBe(false)
})

test('a context that was kept does nothing in the next run', async () => {
  const made = start(
    handler(
      `if (ctx.run.id === 'a') { kept = ctx; return done('a') }
       kept.log.info('late')
       return done(await kept.notify('late').catch((error) => error.reason))`,
      `let kept`,
    ),
  )
  const heard: string[] = []
  await made.run(init({ runId: 'a' }), deaf, never)
  expect(made.clean).toBe(true)
  const handlers = {
    ...hearing((text) => void heard.push(text)),
    onLog: (_: string, text: string) => void heard.push(text),
  }
  expect(await made.run(init({ runId: 'b' }), handlers, never)).toMatchObject({
    outcome: { summary: 'run_over' },
  })
  expect(heard).toEqual([])
})

test.each(['outcome', 'call', 'log', 'idle'])(
  'a late %s of one run ends the process of the next one',
  async (t) => {
    const warned: unknown[] = []
    const made = start(
      handler(
        `if (ctx.run.id === 'b') await new Promise(() => {})
       const nonce = nonceOf(ctx)
       const late = { outcome: { outcome: done('of a') }, call: { id: 1, method: 'notify', params: { text: 'of a' } },
                      log: { level: 'info', message: 'of a' }, idle: { resources: [], calls: 0 } }
       process.on('message', () => process.send({ t: '${t}', nonce, ...late['${t}'] }))
       return done('a')`,
      ),
      process.env,
      undefined,
      { ...silentLog, warn: (fields) => void warned.push(fields) },
    )
    const heard: string[] = []
    await made.run(init({ runId: 'a' }), deaf, never)
    expect(made.clean).toBe(true)
    const handlers = {
      ...hearing((text) => void heard.push(text)),
      onLog: (_: string, text: string) => void heard.push(text),
    }
    expect(await made.run(init({ runId: 'b' }), handlers, never)).toEqual({
      kind: 'died',
      how: 'sent a message that is not of its run and was killed',
    })
    expect(heard).toEqual([])
    expect(warned).toMatchObject([{ message: t, pid: made.pid }])
  },
)

test('a module that claims to be idle before it has answered is killed', async () => {
  const made = start(
    handler(
      `process.send({ t: 'idle', nonce: nonceOf(ctx), resources: [], calls: 0 }); await new Promise(() => {})`,
    ),
  )
  expect(await made.run(init(), deaf, never)).toMatchObject({ kind: 'died' })
})

const DEEP = `const nest = (n, open, close) => JSON.parse(open.repeat(n) + '1' + close.repeat(n));`
test.each(
  [4_000, 50_000].flatMap((levels) =>
    [
      ['details', `return done('x', { details: deep })`, 'invalid_outcome'],
      ['the state', `return done('x', { state: deep })`, 'invalid_outcome'],
      ['details by toJSON', `return done('x', { details: { toJSON: () => deep } })`, 'invalid_outcome'],
      ['a record', `ctx.journal.record({ deep }); return done('x')`, 'over_limit'],
      ['what once keeps', `await ctx.once('k', () => deep); return done('x')`, 'over_limit'],
      ['an input', `await ctx.invoke('m', deep); return done('x')`, 'over_limit'],
      ['a log line', `ctx.log.info('x', { deep }); return done('x')`, 'over_limit'],
    ].map(([what = '', body = '', reason = '']) => [levels, what, body, reason] as const),
  ),
)('%d levels in %s end the run for good', async (levels, _what, body, reason) => {
  const made = start(handler(`${DEEP} const deep = nest(${levels}, '{"a":', '}'); ${body}`))
  const onCall = () => Promise.resolve({ state: 'new' })
  const result = await made.run(init(), { ...deaf, onCall }, never)
  // What the child cannot even write as JSON is its own error; what it can, the service refuses by its text.
  const refused = result.kind === 'threw' ? result.error : result
  expect(refused).toMatchObject({ reason })
  expect(['threw', 'exceeded']).toContain(result.kind)
})

test.each(['octo/public', 'octo/private'])(
  'a timer of a run about octo/private is gone when the next run, about %s, begins',
  async (repository) => {
    const pool = createProcessPool({ keep: 4, environment: process.env })
    onTestFinished(() => pool.close())
    const text = `
      if (ctx.run.id === 'a') setInterval(() => ctx.notify('of a').catch(() => {}), 1).unref()
      else await ctx.notify('of b')
      return done(ctx.run.id)`
    const module = {
      name: 'm',
      manifest: manifestOf('m', { handler: writeHandler(handler(text)) }),
      granted: NO_NEEDS,
    }
    const heard: string[] = []
    const first = pool.acquire(module, 'octo/private')
    await first.run(init({ runId: 'a' }), deaf, never)
    pool.release(first)
    const second = pool.acquire(module, repository)
    const hear = hearing((text) => void heard.push(text))
    expect(await second.run(init({ runId: 'b' }), hear, never)).toMatchObject({ outcome: { summary: 'b' } })
    expect(second.pid).not.toBe(first.pid)
    await expect.poll(() => isAlive(first.pid)).toBe(false)
    expect(heard).toEqual(['of b'])
  },
)

test('a process that was only inspected serves the first repository that comes', async () => {
  const pool = createProcessPool({ keep: 4, environment: process.env })
  onTestFinished(() => pool.close())
  const text = handler(`return done('x')`)
  const module = { name: 'm', manifest: manifestOf('m', { handler: writeHandler(text) }), granted: NO_NEEDS }
  const inspected = pool.acquire(module, null)
  await inspected.inspect()
  await inspected.validate('config', {})
  pool.release(inspected)
  const first = pool.acquire(module, 'octo/private')
  expect(first).toBe(inspected)
  await first.run(init(), deaf, never)
  pool.release(first)
  const second = pool.acquire(module, 'octo/public')
  expect(second).not.toBe(first)
  await second.validate('input', {})
  pool.release(second)
  expect(pool.acquire(module, 'octo/other')).not.toBe(second)
})

test('a process serves one module and one repository', async () => {
  const pool = createProcessPool({ keep: 4, environment: process.env })
  onTestFinished(() => pool.close())
  const module = (text: string) => ({
    name: 'm',
    manifest: manifestOf('m', { handler: writeHandler(handler(text)) }),
    granted: NO_NEEDS,
  })
  const [one, other] = [module(`return done('one')`), module(`return done('other')`)]
  const pids: number[] = []
  for (const [of, repository] of [
    [one, 'octo/public'],
    [one, 'octo/public'],
    [one, 'octo/private'],
    [one, null],
    [other, 'octo/public'],
    [one, 'octo/private'],
  ] as const) {
    const made = pool.acquire(of, repository)
    await made.run(init({ repository }), deaf, never)
    pids.push(made.pid)
    pool.release(made)
  }
  const [a, b, c, d, e, f] = pids
  expect([b, f]).toEqual([a, c])
  expect(new Set([a, c, d, e]).size).toBe(4)
})
