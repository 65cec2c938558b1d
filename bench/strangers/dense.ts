// 20 signed bodies of 25 MiB at once, dense or like GitHub's densest list, while /health is asked: how large the service
// becomes, how long /health takes, and what was answered.
import { type ChildProcess, spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { SECRET } from '../accept/scenarios.ts'
import { startHookyard } from '../servers/hookyard.ts'
import { type Server, startStateless } from '../servers/server.ts'

const BODIES = 20
const BYTES = 25 * 1_048_576

export interface Dense {
  readonly statuses: Readonly<Record<string, number>>
  readonly seconds: number
  readonly peakMiB: number | null
  readonly health: {
    readonly asked: number
    readonly failed: number
    readonly p99: number
    readonly max: number
  }
}

/** `[one,one,…]` within an object, as many as 25 MiB hold. */
function bodyOf(one: string): Buffer {
  const [start, end] = [
    '{"action":"added","repository":{"full_name":"Codertocat/Hello-World"},"repositories":[',
    ']}',
  ]
  const count = Math.floor((BYTES - start.length - end.length) / (one.length + 1))
  return Buffer.from(start + Array(count).fill(one).join(',') + end)
}

const REPOSITORY =
  '{"id":1296269,"node_id":"MDEwOlJlcG9zaXRvcnkxODY4NTMwMDc=","name":"Hello-World","full_name":"octocat/Hello-World","private":false}'

export const SCENES = {
  'lists of {}': bodyOf('{}'),
  'lists of repositories': bodyOf(REPOSITORY),
} as const

/** Sends them to a service of their own, whose data lie in `folder`. */
export const sendDense = async (body: Buffer, folder: string): Promise<Dense> =>
  sendTo(await startHookyard(SECRET, { folder }), body)

/** Sends them to a server that only reads. */
export const sendToReader = async (body: Buffer): Promise<Dense> =>
  sendTo(await startStateless(join(import.meta.dirname, '..', 'servers', 'reads.ts'), [], '/', null), body)

async function sendTo(server: Server, body: Buffer): Promise<Dense> {
  const poller = spawn(process.execPath, [join(import.meta.dirname, 'poll-health.ts'), String(server.port)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  try {
    const began = performance.now()
    const answers = await Promise.all(
      Array.from({ length: BODIES }, (_, at) => post(server.port, body, `dense-${at}`)),
    )
    await server.idle()
    const seconds = (performance.now() - began) / 1_000
    const statuses: Record<string, number> = {}
    for (const status of answers) statuses[status] = (statuses[status] ?? 0) + 1
    const health = JSON.parse(await outputAfterEnd(poller)) as Dense['health']
    return { statuses, seconds, peakMiB: peakOf(server.pid), health }
  } finally {
    poller.kill()
    await server.stop()
  }
}

/** The status; `closed` when the connection ended while the body was sent. */
function post(port: number, body: Buffer, guid: string): Promise<string> {
  const signature = createHmac('sha256', SECRET).update(body).digest('hex')
  return new Promise((resolve) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': body.length,
      'x-github-event': 'installation_repositories',
      'x-github-delivery': guid,
      'x-hub-signature-256': `sha256=${signature}`,
    }
    const sent = request({ port, host: '127.0.0.1', method: 'POST', path: '/webhook/github', headers })
    sent.on('response', (answer) => answer.resume().on('end', () => resolve(String(answer.statusCode))))
    sent.on('error', () => resolve('closed'))
    sent.end(body)
  })
}

/** The largest resident set so far. */
function peakOf(pid: number): number | null {
  try {
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024
  } catch {
    return null
  }
}

function outputAfterEnd(child: ChildProcess): Promise<string> {
  let text = ''
  child.stdout?.on('data', (chunk) => (text += String(chunk)))
  child.stdin?.end()
  return new Promise((resolve) => child.once('close', () => resolve(text)))
}
