// Probot's own server with a trivial app: one handler that does nothing for each event that is sent. Logging is
// off, and the example payloads carry no installation, so Probot makes no client per event. It keeps nothing.
// `node probot.js SECRET EVENT…`; prints its port. Plain JavaScript: its types are there only after install.js.
import { generateKeyPairSync } from 'node:crypto'
import { pino } from 'pino'
import { Probot, Server } from 'probot'

const [secret, ...events] = process.argv.slice(2)
const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})
const log = pino({ level: 'silent' })
const server = new Server({
  Probot: Probot.defaults({ appId: 1, privateKey, secret, log }),
  log,
  host: '127.0.0.1',
  port: await freePort(),
})
await server.load((app) => {
  for (const event of events) app.on(event, () => {})
})
await server.start()
process.stdout.write(`${server.port}\n`)

/** Probot takes port 0 for its default of 3000, so a free one is found first. */
async function freePort() {
  const { createServer } = await import('node:net')
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}
