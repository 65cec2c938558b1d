// One keep-alive connection that posts prepared requests: no HTTP library, one write per request, no copy of the
// body. What it cannot read (a chunked answer that comes in pieces is fine, anything stranger is not) it reports
// as broken, so that a wrong answer never counts as a fast one.
import { type Socket, connect } from 'node:net'
import { createGuids } from './guid.ts'

/** A request's bytes up to the GUID, and all of it as one buffer that the connection may write into. */
export interface Prepared {
  readonly bytes: Buffer
  readonly guidAt: number
}

export interface Connection {
  /** Sends the `index`-th request. The connection must be idle. */
  post(index: number): void
  close(): void
}

const newGuid = createGuids()
const HEAD_END = Buffer.from('\r\n\r\n')
const LAST_CHUNK = Buffer.from('0\r\n\r\n')
const LENGTH = /\r\ncontent-length: *(\d+)/i
const CHUNKED = /\r\ntransfer-encoding: *chunked/i
const CLOSING = /\r\nconnection: *close/i

/**
 * Connects; `onAnswer` tells the status of each answer, or null when the connection broke before it was complete.
 * A connection that breaks or is closed by the server connects again by itself.
 */
export function openConnection(
  port: number,
  requests: readonly Prepared[],
  onAnswer: (status: number | null) => void,
): Promise<Connection> {
  // Each connection has its own copy: a buffer that is still being sent must not change.
  const own = requests.map(({ bytes, guidAt }) => ({ bytes: Buffer.from(bytes), guidAt }))
  let socket: Socket
  let waiting = false
  let closed = false
  let received: Buffer = Buffer.alloc(0)

  function answer(status: number | null): void {
    waiting = false
    received = Buffer.alloc(0)
    onAnswer(status)
  }

  function onData(chunk: Buffer): void {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
    const headEnd = received.indexOf(HEAD_END)
    if (headEnd < 0) return
    const head = received.toString('latin1', 0, headEnd)
    const bodyAt = headEnd + HEAD_END.length
    if (!isComplete(head, received.subarray(bodyAt))) return
    if (CLOSING.test(head)) reconnect()
    answer(Number(head.slice(9, 12)))
  }

  function reconnect(): void {
    socket.removeAllListeners().on('error', () => undefined)
    socket.destroy()
    void open()
  }

  function open(): Promise<void> {
    return new Promise((resolve, reject) => {
      socket = connect({ port, host: '127.0.0.1', noDelay: true }, resolve)
      socket.on('data', onData)
      socket.on('error', reject)
      socket.on('close', () => {
        if (closed) return
        reconnect()
        if (waiting) answer(null)
      })
    })
  }

  return open().then(() => ({
    post(index) {
      const request = own[index % own.length]
      if (!request || waiting) throw new Error('post: nothing to send, or the connection is busy')
      waiting = true
      request.bytes.write(newGuid(), request.guidAt, 'latin1')
      socket.write(request.bytes)
    },
    close() {
      closed = true
      socket.destroy()
    },
  }))
}

function isComplete(head: string, body: Buffer): boolean {
  const length = LENGTH.exec(head)?.[1]
  if (length !== undefined) return body.length >= Number(length)
  if (CHUNKED.test(head)) return body.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK)
  return head.startsWith('204', 9)
}
