// The load generator, a process of its own: `node generate.ts JOB`, JOB being JSON (job.ts). It prints one line
// of JSON. Closed loop: every connection posts again as soon as it is answered. Open loop: requests are due at a
// fixed rate whatever the server does, and latency counts from the moment a request was due, so a server that
// stalls is charged for every request that it kept waiting (no coordinated omission).
import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { type Connection, type Prepared, openConnection } from './connection.ts'
import type { Job, Load, Shot } from './job.ts'
import { Durations } from './quantiles.ts'

/** How long after the end an answer may still come. */
const PATIENCE_MS = 10_000

const GUID = '00000000-0000-4000-8000-000000000000'

/** The bytes of one request, as GitHub sends it. */
function prepare(shot: Shot, { port, path }: Job): Prepared {
  const body = readFileSync(shot.bodyFile)
  const head = [
    `POST ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'User-Agent: GitHub-Hookshot/5e1f2a3',
    'Accept: */*',
    'Content-Type: application/json',
    `X-GitHub-Event: ${shot.event}`,
    'X-GitHub-Hook-ID: 292430182',
    'X-GitHub-Hook-Installation-Target-ID: 79929171',
    'X-GitHub-Hook-Installation-Target-Type: repository',
    `X-Hub-Signature-256: sha256=${shot.signature}`,
    `Content-Length: ${body.length}`,
    `X-GitHub-Delivery: ${GUID}`,
  ].join('\r\n')
  return { bytes: Buffer.concat([Buffer.from(`${head}\r\n\r\n`), body]), guidAt: head.length - GUID.length }
}

async function generate(job: Job): Promise<Load> {
  const requests = job.shots.map((shot) => prepare(shot, job))
  const latencies = new Durations()
  const lateness = new Durations()
  const idle: Connection[] = []
  const all: Connection[] = []
  let sent = 0
  let underWay = 0
  let accepted = 0
  let refused = 0
  let broken = 0
  let endedAt = Infinity
  let ended = () => {}
  const over = new Promise<void>((resolve) => (ended = resolve))
  let measuredFrom = Infinity

  const exhausted = () => job.maxRequests !== null && sent >= job.maxRequests
  /** `due`: the moment from which its latency counts. */
  const dueOf = new Map<Connection, number>()

  function post(connection: Connection, due: number): void {
    dueOf.set(connection, due)
    underWay += 1
    connection.post(sent++)
  }

  function onAnswer(connection: Connection, status: number | null): void {
    const now = performance.now()
    const due = dueOf.get(connection) ?? now
    underWay -= 1
    const good = status !== null && status >= 200 && status < 300
    if (good) accepted += 1
    if (due >= measuredFrom && now <= endedAt) {
      if (good) latencies.add(now - due)
      else if (status === null) broken += 1
      else refused += 1
    }
    if (now >= endedAt || exhausted()) {
      endedAt = Math.min(endedAt, now)
      if (underWay === 0) ended()
    } else if (job.rate === null) post(connection, now)
    else idle.push(connection)
  }

  for (let count = 0; count < job.connections; count += 1) {
    const connection: Connection = await openConnection(job.port, requests, (status) =>
      onAnswer(connection, status),
    )
    all.push(connection)
  }
  const startedAt = performance.now()
  measuredFrom = startedAt + job.warmupSeconds * 1_000
  endedAt = measuredFrom + job.seconds * 1_000
  const pace = job.rate === null ? null : openLoop(job.rate)
  if (pace === null) for (const connection of all) post(connection, performance.now())
  else idle.push(...all)

  /** Posts what is due; what finds no idle connection waits, and its wait counts. */
  function openLoop(rate: number): NodeJS.Timeout {
    let next = startedAt
    let lastTick = startedAt
    return setInterval(() => {
      const now = performance.now()
      while (next <= now && next < endedAt && !exhausted()) {
        const connection = idle.pop()
        if (!connection) break
        // Due while this process slept: that is the generator's own lateness, not the server's.
        const asleep = next > lastTick
        if (asleep && next >= measuredFrom) lateness.add(now - next)
        post(connection, asleep ? now : next)
        next += 1_000 / rate
      }
      lastTick = now
      if (now >= endedAt && underWay === 0) ended()
    }, 1)
  }

  const patience = setTimeout(ended, job.warmupSeconds * 1_000 + job.seconds * 1_000 + PATIENCE_MS)
  await over
  clearTimeout(patience)
  if (pace) clearInterval(pace)
  for (const connection of all) connection.close()
  const seconds = (endedAt - measuredFrom) / 1_000
  const [p50 = 0, p90 = 0, p99 = 0, max = 0] = latencies.at(0.5, 0.9, 0.99, 1)
  return {
    generator: 'node',
    requests: latencies.count,
    seconds,
    perSecond: latencies.count / seconds,
    ...{ p50, p90, p99, max },
    refused,
    broken: broken + underWay,
    accepted,
    lateness99: job.rate === null ? null : (lateness.at(0.99)[0] ?? null),
  }
}

process.stdout.write(`${JSON.stringify(await generate(JSON.parse(process.argv[2] ?? '{}') as Job))}\n`)
