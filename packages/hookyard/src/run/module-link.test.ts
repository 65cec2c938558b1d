// What comes from a module by its channel and its output: it may be anything, and ends at most the module's own process.
import { once } from 'node:events'
import { type AddressInfo, type Socket, connect, createServer } from 'node:net'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { silentLog } from '../lib/log.ts'
import { ModuleLink } from './module-link.ts'
import { ModuleProcess } from './module-process.ts'
import {
  deaf,
  endStarted,
  handler,
  init,
  listening,
  never,
  specOf,
  start,
} from '../../testing/run/module-process.ts'

afterEach(endStarted)

test('a module that floods the service with messages ends only its own run', async () => {
  const made = start(
    handler(
      `const nonce = nonceOf(ctx); for (;;) { for (let n = 0; n < 500; n += 1) process.send({ t: 'call', nonce, id: n, method: 'once.begin', params: { key: 'k' } }); await new Promise(setImmediate) }`,
    ),
  )
  expect(await made.run(init(), deaf, never)).toEqual({
    kind: 'died',
    how: expect.stringMatching(/messages in a second/),
  })
})

test.each([
  ['no JSON', `writeSync(3, 'what is this\\n{"t":\\n\\n')`],
  [
    'of Node alone',
    `writeSync(3, '{"cmd":"NODE_HANDLE_ACK"}\\n{"cmd":"NODE_HANDLE","type":"net.Socket"}\\n')`,
  ],
  ['of no run', `process.send({ t: 'call', id: 1, method: 'notify', params: { text: 'x' } })`],
  ['of another run', `process.send({ t: 'log', nonce: 'made-up', level: 'info', message: 'x' })`],
  ['of no kind', `process.send({ t: 'approve', nonce: nonceOf(ctx) })`],
  ['of no shape', `process.send({ t: 'call', nonce: nonceOf(ctx), id: 'one', method: null })`],
  ['deep, and of no run', `process.send({ t: 'log', deep: JSON.parse('['.repeat(500) + ']'.repeat(500)) })`],
])('what is %s in the channel of a module ends its process, and is logged', async (_what, body) => {
  const warned: string[] = []
  const made = start(
    handler(`
    const { writeSync } = await import('node:fs')
    ${body}
    return done(await ctx.invoke('other'))
  `),
    process.env,
    undefined,
    { ...silentLog, warn: (_fields, message) => void warned.push(message) },
  )
  const onCall = () => new Promise<never>(() => undefined)
  expect(await made.run(init(), { ...deaf, onCall }, never)).toEqual({
    kind: 'died',
    how: 'sent a message that is not of its run and was killed',
  })
  expect(warned).toEqual(['a module process sent a message that is not of its run, and was killed'])
})

test('a message that does not end, ends its run', async () => {
  const made = start(
    handler(`
    const { writeSync } = await import('node:fs')
    const piece = Buffer.alloc(1_048_576, 'x')
    writeSync(3, '{"t":"log","nonce":"' + nonceOf(ctx) + '","message":"')
    for (;;) {
      try { writeSync(3, piece) } catch (error) { if (error.code !== 'EAGAIN') throw error }
      await new Promise(setImmediate)
    }
  `),
  )
  expect(await made.run(init(), deaf, never)).toEqual({
    kind: 'exceeded',
    reason: 'over_limit',
    says: expect.stringMatching(/^the module's log line has more than \d+ characters/),
  })
})

// Parsed, such a message takes some twenty times its length in the heap of the service.
test('a message of many small things ends its run before it fills the service’s memory', async () => {
  const made = start(handler(`await ctx.invoke('m', Array(8_000_000).fill({})); return done('x')`))
  expect(await made.run(init(), deaf, never)).toEqual({
    kind: 'exceeded',
    reason: 'over_limit',
    says: "the module's call has more than 4000000 values",
  })
})

test('calls under way may hold so many characters in all; what goes beyond is refused', async () => {
  const made = start(
    handler(`
    const text = 'x'.repeat(24_000_000)
    const held = [ctx.notify(text), ctx.notify(text)]
    const beyond = await ctx.notify(text).catch((error) => error.reason)
    await ctx.notify('go on')
    await Promise.all(held)
    return done(beyond + await ctx.notify(text).then(() => ', and again'))
  `),
  )
  const gate = Promise.withResolvers<null>()
  const onCall = (_method: string, params: unknown) => {
    if ((params as { text: string }).text === 'go on') gate.resolve(null)
    return gate.promise
  }
  expect(await made.run(init(), { ...deaf, onCall }, never)).toMatchObject({
    outcome: { summary: 'too_many_calls, and again' },
  })
})

test('a module that asks and does not read the answers ends only its own run', async () => {
  const made = start(
    handler(`
    const { writeSync } = await import('node:fs')
    const nonce = nonceOf(ctx)
    for (let id = 1; ; id += 1) {
      try { writeSync(3, '{"t":"call","nonce":"' + nonce + '","id":' + id + ',"method":"x"}\\n') } catch (error) { if (error.code !== 'EAGAIN') throw error }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    }
  `),
  )
  const answer = 'x'.repeat(4_194_304)
  expect(await made.run(init(), { ...deaf, onCall: () => Promise.resolve(answer) }, never)).toEqual({
    kind: 'died',
    how: expect.stringMatching(/^left more than \d+ bytes .* unread/),
  })
})

test('text is whole wherever the pieces of a large message are cut', async () => {
  const text = '€ü🪝'.repeat(100_000)
  const heard: unknown[] = []
  const onCall = (_method: string, params: unknown) => {
    heard.push(params)
    return Promise.resolve(text)
  }
  const made = start(
    handler(
      `const text = '€ü🪝'.repeat(100_000); await ctx.notify(text); return done(String(await ctx.invoke('m') === text))`,
    ),
  )
  expect(await made.run(init(), { ...deaf, onCall }, never)).toMatchObject({ outcome: { summary: 'true' } })
  expect(heard[0]).toEqual({ text })
})

test('what a module prints becomes log lines', async () => {
  const ears = listening(2)
  const made = start(
    handler(
      `console.log('to stdout'); console.error('to stderr'); await ctx.invoke('heard'); return done('ok')`,
    ),
  )
  await made.run(init(), ears, never)
  // Two pipes: either line may come first.
  expect(ears.lines.toSorted()).toEqual([
    ['info', 'to stdout'],
    ['warn', 'to stderr'],
  ])
})

test('a folder that is gone is told as the end of the process', async () => {
  const gone = new ModuleProcess(specOf('/nowhere/at/all/handler.ts'))
  expect(await gone.run(init(), deaf, never)).toEqual({
    kind: 'died',
    how: expect.stringMatching(/^could not be started: /),
  })
  await gone.kill()
})

/** Both ends of a connection. */
async function pair(): Promise<[Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const [ours, [theirs]] = await Promise.all([
    connect((server.address() as AddressInfo).port, '127.0.0.1'),
    once(server, 'connection') as Promise<[Socket]>,
  ])
  onTestFinished(() => {
    for (const end of [ours, theirs]) end.destroy()
    server.close()
  })
  return [ours, theirs]
}

test('what a process said last is heard also when its end is told first', async () => {
  const heard: unknown[] = []
  const [ours, theirs] = await pair()
  const over = Promise.withResolvers<void>()
  const events = {
    onMessage: (message: unknown) => void heard.push(message),
    onExcess: () => undefined,
    onOutput: () => undefined,
    onEnd(how: string) {
      heard.push(how)
      over.resolve()
    },
  }
  const link = new ModuleLink(events, () => undefined)
  link.connect(1, ours)
  link.end('exited with code 1')
  theirs.end('{"t":"threw"}\n')
  await over.promise
  expect(heard).toEqual([{ t: 'threw' }, 'exited with code 1'])
})

test('a channel that somebody else holds open does not keep the end of its process from being told', async () => {
  const [ours] = await pair()
  const over = Promise.withResolvers<string>()
  const link = new ModuleLink(
    { onMessage: () => undefined, onExcess: () => undefined, onOutput: () => undefined, onEnd: over.resolve },
    () => undefined,
  )
  link.connect(1, ours)
  link.end('was killed by SIGKILL')
  expect(await over.promise).toBe('was killed by SIGKILL')
})

test('an outcome has its limits also when its line begins as a call', async () => {
  const made = start(
    handler(`
    const { writeSync } = await import('node:fs')
    const outcome = JSON.stringify({ status: 'done', summary: 'x'.repeat(2_000_000) })
    const line = Buffer.from('{"t":"call","nonce":"' + nonceOf(ctx) + '","t":"outcome","outcome":' + outcome + '}\\n')
    for (let at = 0; at < line.length; ) {
      try { at += writeSync(3, line, at) } catch (error) { if (error.code !== 'EAGAIN') throw error }
    }
    await new Promise((resolve) => setTimeout(resolve, 60_000))
  `),
  )
  expect(await made.run(init(), deaf, never)).toEqual({
    kind: 'died',
    how: 'sent a message that is not of its run and was killed',
  })
})
