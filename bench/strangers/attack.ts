// What strangers do to the port, in a process of its own: `node attack.ts PORT`. 64 connections announce 25 MiB, send 4.2 MB
// (269 MB together) and stall; 2,000 more say nothing or never end their headers. Whoever is put out comes again after
// ten seconds. It prints a line once all have begun, and ends with its input.
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

const HOLDERS = 64
const IDLERS = 2_000
const SENT = Buffer.alloc(4_200_000, 'x')
const AGAIN_MS = 10_000

const port = Number(process.argv[2])
const head =
  'POST /webhook/github HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nx-github-event: push\r\n' +
  `x-github-delivery: stranger\r\nx-hub-signature-256: sha256=${'0'.repeat(64)}\r\ncontent-length: 26214400\r\n\r\n`

/** Opens one, and again whenever it is put out; resolves when the first has sent. */
function keepOpen(bytes: readonly (string | Buffer)[]): Promise<void> {
  return new Promise((begun) => {
    const open = () => {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => undefined).on('data', () => undefined)
      socket.once('close', () => {
        begun()
        void delay(AGAIN_MS).then(open)
      })
      for (const piece of bytes) socket.write(piece)
      socket.once('connect', () => socket.write('', () => begun()))
    }
    open()
  })
}

process.stdin.on('end', () => process.exit()).resume()
const holders = Array.from({ length: HOLDERS }, () => keepOpen([head, SENT]))
const idlers = Array.from({ length: IDLERS }, (_, at) =>
  keepOpen(at % 2 ? [] : ['GET /health HTTP/1.1\r\nx-a: ']),
)
await Promise.all([...holders, ...idlers])
process.stdout.write('begun\n')
