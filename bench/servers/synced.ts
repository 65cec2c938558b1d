// The floor of whatever answers only once the bytes are on the disk: the bare server, and a file to which bodies are
// appended and synced, those that wait at the same time together. It says what of a latency is the disk's.
// `node synced.ts SECRET FILE`; prints its port.
import { open } from 'node:fs/promises'
import { serveVerified } from './verified.ts'

const file = await open(process.argv[3] ?? '', 'a')
let waiting: { readonly body: Buffer; readonly done: () => void }[] = []
let busy = false

async function sync(): Promise<void> {
  busy = true
  while (waiting.length > 0) {
    const batch = waiting
    waiting = []
    await file.appendFile(Buffer.concat(batch.map(({ body }) => body)))
    await file.datasync()
    for (const { done } of batch) done()
  }
  busy = false
}

serveVerified(
  process.argv[2] ?? '',
  (body) =>
    new Promise((done) => {
      waiting.push({ body, done })
      if (!busy) setImmediate(() => void (busy || sync()))
    }),
)
