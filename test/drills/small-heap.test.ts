// With a heap of 96 MB every body has an answer: large ones, those of many values, and those behind them.
import { createHmac } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { readServerFile } from '../../packages/hookyard/src/compose/server-file.ts'
import { killServiceProcesses, startServiceProcess } from '../service-process.ts'

const SECRET = 'secret-of-the-test'
const SIX_MB = 6_000_000

afterEach(killServiceProcesses)

async function start() {
  const folder = mkdtempSync(join(tmpdir(), 'hookyard-small-heap-'))
  const file = join(folder, 'hookyard.yaml')
  writeFileSync(
    file,
    'repos: [a/b]\nserver: { port: 0 }\nagent: { backend: offline }\ntelegram: { updates: off }\n',
  )
  const env = { GITHUB_WEBHOOK_SECRET: SECRET, NODE_OPTIONS: '--max-old-space-size=96' }
  const { url } = await startServiceProcess(file, env)
  const token = (await readServerFile(join(folder, 'data')))?.token ?? ''
  async function post(guid: string, body: string): Promise<number> {
    const answer = await fetch(`${url}/webhook/github`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-github-event': 'push',
        'x-github-delivery': guid,
        'x-hub-signature-256': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`,
      },
      body,
    })
    await answer.arrayBuffer()
    return answer.status
  }
  async function dispatched(guid: string): Promise<string> {
    for (;;) {
      const headers = { authorization: `Bearer ${token}` }
      const { status } = (await (await fetch(`${url}/api/deliveries/${guid}`, { headers })).json()) as {
        status: string
      }
      if (status !== 'received') return status
      await delay(50)
    }
  }
  return { post, dispatched }
}

const filled = (item: string) =>
  `{"ref":"refs/heads/main","a":[${Array(Math.floor(SIX_MB / (item.length + 1)))
    .fill(item)
    .join()}]}`

test('a body of 6 MB is answered, whatever it holds, and the next as ever', async () => {
  const { post, dispatched } = await start()
  const text = filled(JSON.stringify('x'.repeat(1_000)))
  const commits = filled(JSON.stringify({ id: 'a'.repeat(40), message: 'b'.repeat(100), added: ['c', 'd'] }))
  // As many objects as there may be, each of a shape of its own.
  const costly = `{"a":[${Array.from({ length: 500_000 }, (_, at) => `{"${at}":1}`).join()}]}`
  expect(await post('text', text)).toBe(202)
  expect(await post('commits', commits)).toBe(202)
  expect([202, 503]).toContain(await post('costly', costly))
  expect(await post('dense', filled('{}'))).toBe(413)
  expect(await Promise.all(['one', 'two', 'three'].map((guid) => post(guid, commits)))).toEqual(
    expect.arrayContaining([202]),
  )
  expect(await post('small', '{"ref":"refs/heads/main"}')).toBe(202)
  for (const guid of ['text', 'commits', 'small']) expect(await dispatched(guid)).toBe('dispatched')
})
