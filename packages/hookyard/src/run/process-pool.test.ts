// Which handler a process serves: what was inspected, until newer ones are served.
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { module } from '../../../../test/builders.ts'
import type { HandlerShape } from './module-process.ts'
import { type ProcessPool, createProcessPool } from './process-pool.ts'

let pool: ProcessPool | undefined
afterEach(() => pool?.close())

function scene() {
  const folder = mkdtempSync(join(tmpdir(), 'hookyard-pool-'))
  const file = join(folder, 'handler.mjs')
  const write = (config: string) =>
    writeFileSync(
      file,
      `export default { config: { '~standard': { validate: () => ({ issues: [{ message: '${config}' }] }) } }, handle() {} }`,
    )
  const { manifest, granted } = module('first')
  const first = { name: 'first', manifest: { ...manifest, dir: folder, handler: file }, granted }
  const opened = createProcessPool({ keep: 2, environment: process.env })
  pool = opened
  return {
    write,
    async inspect(): Promise<HandlerShape> {
      const process = opened.inspecting(first)
      const shape = await process.inspect()
      opened.release(process)
      return shape
    },
    serve: (shape: HandlerShape) => opened.serve(new Map([['first', shape]])),
    /** The handler's answer, and the process that gave it. */
    async ask() {
      const process = opened.acquire(first, null)
      const issues = await process.validate('config', {})
      const { pid } = process
      opened.release(process)
      return { says: issues?.join(), pid }
    },
  }
}

test('what was inspected is served, in new processes too, whatever is on the disk by then', async () => {
  const { write, inspect, serve, ask } = scene()
  write('one')
  const shape = await inspect()
  expect(shape.files?.map(({ url }) => url.split('/').at(-1))).toEqual(['handler.mjs'])
  serve(shape)
  write('broken(')
  expect((await ask()).says).toBe('one')
})

test('a process that inspected serves what it has loaded, and nothing before that', async () => {
  const { write, inspect, serve, ask } = scene()
  write('one')
  serve(await inspect())
  write('two')
  const newer = await inspect()
  expect((await ask()).says).toBe('one')
  serve(newer)
  write('three')
  expect((await ask()).says).toBe('two')
})

test('a look at newer files leaves the warm processes at work; serving them ends these', async () => {
  const { write, inspect, serve, ask } = scene()
  write('one')
  serve(await inspect())
  const warm = await ask()
  write('two')
  const newer = await inspect()
  expect(await ask()).toEqual(warm)
  serve(newer)
  const next = await ask()
  expect(next.says).toBe('two')
  expect(next.pid).not.toBe(warm.pid)
  // Served once more, as after a switch of another module, they stay.
  serve(newer)
  expect(await ask()).toEqual(next)
})

test('what is too much to be kept is read from the disk, and newer files are served by new processes', async () => {
  const { write, inspect, serve, ask } = scene()
  write('one')
  const shape = { ...(await inspect()), files: null }
  serve(shape)
  const warm = await ask()
  expect(await ask()).toEqual(warm)
  write('two')
  serve(shape)
  expect((await ask()).says).toBe('two')
})

test('a handler that is bundled into one large file is kept as well', async () => {
  const { write, inspect, serve, ask } = scene()
  write(`one' /* ${'x'.repeat(2_000_000)} */ + '`)
  serve(await inspect())
  write('broken(')
  expect((await ask()).says).toBe('one')
})
