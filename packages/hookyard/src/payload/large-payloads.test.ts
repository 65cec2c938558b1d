// Large payloads in their thread: the answers are those of the main thread, and what is too much for it ends nothing.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createLargePayloads } from './large-payloads.ts'

function start() {
  const payloads = createLargePayloads()
  onTestFinished(() => payloads.close())
  return payloads
}

const issue = { action: 'opened', issue: { number: 7 }, repository: { full_name: 'Octocat/Hello-World' } }
const described = { action: 'opened', repository: 'octocat/hello-world', entity: 'octocat/hello-world#7' }
const largeIssue = JSON.stringify({ ...issue, filler: 'ü'.repeat(200_000) })

test('it describes bodies and forms, and gives the JSON back', async () => {
  const { describe } = start()
  const json = await describe('issues', Buffer.from(largeIssue), false)
  const excerpt = JSON.stringify({ ...issue, filler: 'ü'.repeat(131_072) })
  const shown = ({ body, ...rest }: typeof json) => ({
    ...rest,
    body: Buffer.from(body).toString(),
    excerpt: Buffer.from(rest.excerpt).toString(),
  })
  expect(shown(json)).toEqual({ ...described, body: largeIssue, excerpt })
  const form = Buffer.from(`a=b&payload=${encodeURIComponent(largeIssue)}`)
  const fromForm = await describe('issues', form, true)
  expect(shown(fromForm)).toEqual({ ...described, body: largeIssue, excerpt })
})

test('a view into memory that others use is copied, not taken away', async () => {
  const slab = Buffer.from(`noise${largeIssue}noise`)
  await start().describe('issues', slab.subarray(5, slab.length - 5), false)
  expect(slab.toString()).toBe(`noise${largeIssue}noise`)
})

test('refusals are those of small bodies, and the next payload is none the worse', async () => {
  const { describe } = start()
  const [many, broken, list] = [`{"a":[${'{},'.repeat(2_000_000)}{}]}`, '{"a":', '[]']
  await expect(describe('issues', Buffer.from(many), false)).rejects.toMatchObject({ code: 'too_large' })
  await expect(describe('issues', Buffer.from(broken), false)).rejects.toMatchObject({ code: 'invalid_json' })
  await expect(describe('issues', Buffer.from(list), false)).rejects.toMatchObject({ code: 'not_an_object' })
  await expect(describe('issues', Buffer.from('payload=%7B%7'), true)).rejects.toMatchObject({
    code: 'invalid_json',
  })
  expect(await describe('issues', Buffer.from(largeIssue), false)).toMatchObject(described)
})

test('small JSON is not shortened, large JSON is', async () => {
  const { shorten } = start()
  expect(await shorten('{"a":  1}')).toBe('{"a":  1}')
  const short = JSON.parse(await shorten(largeIssue)) as { filler: string }
  expect(short).toMatchObject(issue)
  expect(short.filler).toHaveLength(131_072)
  await expect(shorten(`[${'x'.repeat(200_000)}`)).rejects.toThrow('JSON')
})

test('with 96 MB of heap a payload of 6 MB and many values fails alone', async () => {
  const program = `
    import { createLargePayloads } from ${JSON.stringify(new URL('./large-payloads.ts', import.meta.url).href)}
    const { describe } = createLargePayloads()
    // As many values as are allowed, each as costly as can be, in 6 MB.
    const costly = '{"a":[' + Array.from({ length: 600_000 }, (_, at) => '{"' + at.toString(36) + '":1}').join() + ']}'
    const tell = (what) => what.then(() => 'described', (error) => error.message)
    const first = await tell(describe('push', Buffer.from(costly), false))
    const second = await tell(describe('push', Buffer.from('{}'), false))
    console.log(JSON.stringify([first, second]))
  `
  const folder = await mkdtemp(join(tmpdir(), 'hookyard-large-payloads-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = join(folder, 'program.mjs')
  await writeFile(file, program)
  const child = spawn(process.execPath, ['--max-old-space-size=96', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', (chunk) => (said += String(chunk)))
  const [code] = (await once(child, 'close')) as [number]
  expect(code).toBe(0)
  const [first, second] = JSON.parse(said) as [string, string]
  expect(['described', 'a large payload could not be parsed in the memory that there is']).toContain(first)
  expect(second).toBe('described')
})
