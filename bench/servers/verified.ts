// What the bare servers share: node:http, the HMAC over the raw body, JSON.parse.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Listens on a free port and prints it; `keep` is waited for before a delivery is answered. */
export function serveVerified(secret: string, keep: (body: Buffer) => Promise<void> | null): void {
  const verifies = (body: Buffer, header: unknown): boolean => {
    const claimed = Buffer.from(typeof header === 'string' ? header.slice('sha256='.length) : '', 'hex')
    const digest = createHmac('sha256', secret).update(body).digest()
    return claimed.length === digest.length && timingSafeEqual(digest, claimed)
  }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
      if (!verifies(body, request.headers['x-hub-signature-256'])) {
        response.writeHead(401).end()
        return
      }
      const payload = JSON.parse(body.toString('utf8')) as { action?: string }
      const answer = JSON.stringify({ status: 'accepted', action: payload.action ?? null })
      const send = () =>
        response
          .writeHead(202, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) })
          .end(answer)
      const kept = keep(body)
      if (kept === null) send()
      else void kept.then(send)
    })
  })
  server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`))
}
