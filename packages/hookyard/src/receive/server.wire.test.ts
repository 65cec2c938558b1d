// What strangers may do to the port: anything. It answers in JSON, in bounded time and memory, and goes on.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chunk, headOf, listen } from '../../testing/receive/listen.ts'
import { connectRaw, oneAnswer, readAnswer } from '../../testing/receive/raw-client.ts'
import { headersOf, ISSUE } from '../../testing/receive/start-server.ts'

const MIB = 1_048_576

test('a delivery of 25 MiB is taken, one byte more is refused', async () => {
  const { url, store } = await listen()
  const bodyOf = (bytes: number) => {
    const [start, end] = ['{"filler":"', '"}']
    return start + 'x'.repeat(bytes - start.length - end.length) + end
  }
  const largest = bodyOf(25 * MIB)
  const taken = await fetch(`${url}/webhook/github`, {
    method: 'POST',
    headers: headersOf(largest),
    body: largest,
  })
  expect(taken.status).toBe(202)
  const [payload] = await store.deliveries.payloads(await store.deliveries.pending(1))
  expect(payload === largest).toBe(true)
  const larger = bodyOf(25 * MIB + 1)
  const refused = await fetch(`${url}/webhook/github`, {
    method: 'POST',
    headers: headersOf(larger),
    body: larger,
  })
  expect([refused.status, await refused.json()]).toMatchObject([413, { code: 'too_large' }])
})

test('a client that sends far too much can read its 413, whether it told the length or not', async () => {
  const { port, isAlive } = await listen({ limits: { webhookBodyBytes: 1_000 } })
  for (const length of [8 * MIB, undefined]) {
    const client = await connectRaw(port)
    client.send(headOf('', length))
    const piece = 'x'.repeat(64 * 1_024)
    for (let sent = 0; sent < 8 * MIB; sent += piece.length)
      client.send(length === undefined ? chunk(piece) : piece)
    if (length === undefined) client.send('0\r\n\r\n')
    expect(readAnswer(await client.received(oneAnswer))).toMatchObject({
      status: 413,
      body: { code: 'too_large' },
    })
    // The rest was read and dropped: the connection serves the next request.
    client.send('GET /health HTTP/1.1\r\nhost: x\r\n\r\n')
    expect(await client.received((text) => text.includes('{"status":"ok"}'))).toContain('{"status":"ok"}')
  }
  expect(await isAlive()).toBe(true)
})

test('clients that go away in the middle of a body leave nothing behind', async () => {
  const { port, url, logged } = await listen({ limits: { heldBytes: 100_000 } })
  for (let client = 0; client < 40; client++) {
    const { socket, send } = await connectRaw(port)
    send(
      headOf('', client % 2 ? 50_000 : undefined) +
        (client % 2 ? 'x'.repeat(10_000) : chunk('x'.repeat(10_000))),
    )
    socket.resetAndDestroy()
  }
  const post = () =>
    fetch(`${url}/webhook/github`, { method: 'POST', headers: headersOf(ISSUE), body: ISSUE })
  let answer = await post()
  while (answer.status === 503) answer = await post()
  expect(answer.ok).toBe(true)
  expect(logged.filter(({ level }) => level === 'error')).toEqual([])
})

test.each([
  ['the headers', 'POST /webhook/github HTTP/1.1\r\nhost: x\r\nx-a: '],
  ['the body', headOf(ISSUE, ISSUE.length) + ISSUE.slice(0, 10)],
  ['a chunk', headOf(ISSUE) + 'ff\r\nx'],
])('a client that never ends %s is answered 408 and put out', async (_name, bytes) => {
  const { port, isAlive, store } = await listen({
    limits: { requestMs: 1_500, headersMs: 1_000, checkMs: 50 },
  })
  const client = await connectRaw(port)
  client.send(bytes)
  expect(readAnswer(await client.received())).toMatchObject({ status: 408, body: { code: 'invalid_input' } })
  expect(await isAlive()).toBe(true)
  expect(await store.deliveries.pending(1)).toEqual([])
})

test.each([
  ['no HTTP', 'hello\r\n\r\n', 400],
  ['TLS', Buffer.from('16030100c8010000c40303', 'hex'), 400],
  ['no method', ' / HTTP/1.1\r\n\r\n', 400],
  ['no host', 'GET /health HTTP/1.1\r\n\r\n', 400],
  ['a space in a header', 'GET /health HTTP/1.1\r\nhost: x\r\nx y: 1\r\n\r\n', 400],
  ['a NUL in a header', 'GET /health HTTP/1.1\r\nhost: x\r\nx: \0\r\n\r\n', 400],
  ['two lengths', headOf(ISSUE, `${ISSUE.length}\r\ncontent-length: 1`) + ISSUE, 400],
  ['a negative length', headOf(ISSUE, -1) + ISSUE, 400],
  ['a length and chunks', headOf(ISSUE, `${ISSUE.length}\r\ntransfer-encoding: chunked`) + ISSUE, 400],
  ['a chunk size that is no number', `${headOf(ISSUE)}xyz\r\n`, 400],
  ['a chunk size beyond all numbers', `${headOf(ISSUE)}fffffffffffffffff\r\n`, 400],
  ['headers of 20 KB', `GET /health HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, 431],
])('%s is answered in JSON and ends the connection', async (_name, bytes, status) => {
  const { port, isAlive } = await listen()
  const client = await connectRaw(port)
  client.send(bytes)
  const text = await client.received()
  expect(Number(text.split(' ')[1])).toBe(status)
  if (status !== 400 || text.includes('{')) {
    const { body } = readAnswer(text)
    expect(Object.keys(body as object)).toEqual(['error', 'code'])
  }
  expect(await isAlive()).toBe(true)
})

test('repeated headers never verify twice, nor choose the event', async () => {
  const { port } = await listen()
  for (const [name, code] of [
    ['x-hub-signature-256', 'invalid_signature'],
    ['x-github-event', 'missing_event'],
    ['x-github-delivery', 'missing_delivery'],
  ] as const) {
    const client = await connectRaw(port)
    const again = `${name}: ${headersOf(ISSUE)[name]}`
    client.send(headOf(ISSUE, `${Buffer.byteLength(ISSUE)}\r\n${again}`) + ISSUE)
    expect(readAnswer(await client.received(oneAnswer)).body).toMatchObject({ code })
  }
})

test('requests in one piece, and bodies in many, are answered each for itself and in order', async () => {
  const { port } = await listen()
  const client = await connectRaw(port)
  const bytes = Buffer.from(headOf(ISSUE, Buffer.byteLength(ISSUE)) + ISSUE)
  client.send(Buffer.concat([Buffer.from('GET /health HTTP/1.1\r\nhost: x\r\n\r\n'), bytes, bytes]))
  const text = await client.received((received) => received.includes('duplicate'))
  expect([...text.matchAll(/HTTP\/1.1 (\d+)/g)].map((match) => match[1])).toEqual(['200', '202', '200'])

  const slow = await connectRaw(port)
  for (const byte of bytes) {
    if (!slow.socket.write(Buffer.of(byte)))
      await new Promise((resolve) => slow.socket.once('drain', resolve))
  }
  expect(readAnswer(await slow.received(oneAnswer)).body).toMatchObject({ status: 'duplicate' })
})

test('whatever bytes come, it goes on', async () => {
  const { port, isAlive } = await listen()
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 400 })
  const lines = fc
    .array(
      fc.constantFrom(
        'POST /webhook/github HTTP/1.1',
        'host: x',
        'content-length: 5',
        'transfer-encoding: chunked',
        '',
        '5',
        '0',
        '{}',
        ' ',
        'GET /%ff HTTP/1.0',
        '\0',
      ),
    )
    .map((parts) => Buffer.from(parts.join('\r\n')))
  await fc.assert(
    fc.asyncProperty(fc.oneof(bytes, lines), async (sent) => {
      const client = await connectRaw(port)
      client.socket.end(Buffer.from(sent))
      await client.received()
    }),
    { numRuns: 200 },
  )
  expect(await isAlive()).toBe(true)
})

test('what is under way when the port closes is answered, and nobody who only holds a connection is waited for', async () => {
  const release = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  const { app, port } = await listen({
    // Longer than the test may take: nothing here waits for it.
    limits: { drainMs: 600_000 },
    wrap: (store) => ({
      ...store,
      deliveries: {
        ...store.deliveries,
        accept: async (batch) => {
          await release.promise
          return batch.map(() => ({ status: 'accepted' }))
        },
      },
    }),
  })
  const [silent, single, double] = [await connectRaw(port), await connectRaw(port), await connectRaw(port)]
  let requests = 0
  app.server.on('request', () => {
    if (++requests === 2) arrived.resolve()
  })
  for (const client of [single, double]) client.send(headOf(ISSUE, Buffer.byteLength(ISSUE)) + ISSUE)
  await arrived.promise
  const closed = app.close()
  expect(await silent.received()).toBe('')
  double.send('GET /ready HTTP/1.1\r\nhost: x\r\n\r\n')
  await new Promise<void>((resolve) => app.server.once('request', () => resolve()))
  release.resolve()
  const statuses = async (client: typeof single) =>
    [...(await client.received()).matchAll(/HTTP\/1.1 (\d+)/g)].map((match) => match[1])
  expect(await statuses(single)).toEqual(['202'])
  expect(await statuses(double)).toEqual(['202', '503'])
  expect(await double.received()).toContain('{"status":"unavailable"}')
  await closed
})

test('closing ends what never ends by itself', async () => {
  const { app, port } = await listen({ limits: { drainMs: 50 } })
  const halfway = await connectRaw(port)
  halfway.send('POST /webhook/github HTTP/1.1\r\n')
  const ready = await connectRaw(port)
  ready.send('GET /health HTTP/1.1\r\nhost: x\r\n\r\n')
  await ready.received(oneAnswer)
  await app.close()
  expect(await halfway.received()).toBe('')
})
