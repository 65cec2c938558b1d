// A client that sends bytes as they are, to see what a server makes of them.
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface RawClient {
  readonly socket: Socket
  send(bytes: string | Buffer): void
  /** Resolves with all that came so far once `enough` holds, and with everything when the server closes. */
  received(enough?: (text: string) => boolean): Promise<string>
}

/** Connects; the socket is gone when the test ends. */
export async function connectRaw(port: number): Promise<RawClient> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  let closed = false
  let notice = () => {}
  socket.setEncoding('latin1')
  socket.on('data', (chunk) => {
    text += String(chunk)
    notice()
  })
  // A reset after the answer is the server's right; what was received counts.
  socket.on('error', () => undefined)
  socket.on('close', () => {
    closed = true
    notice()
  })
  onTestFinished(() => void socket.destroy())
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()))
  return {
    socket,
    send: (bytes) => void socket.write(bytes),
    async received(enough = () => false) {
      while (!closed && !enough(text)) await new Promise<void>((resolve) => (notice = resolve))
      return text
    },
  }
}

/** Status and JSON of the first answer in what was received. */
export function readAnswer(text: string): { status: number; body: unknown } {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const length = Number(/content-length: (\d+)/i.exec(head)?.[1])
  return { status: Number(head.split(' ')[1]), body: JSON.parse(rest.join('\r\n\r\n').slice(0, length)) }
}

/** One complete answer. */
export const oneAnswer = (text: string): boolean => {
  const end = text.indexOf('\r\n\r\n')
  const length = Number(/content-length: (\d+)/i.exec(text)?.[1])
  return end >= 0 && text.length >= end + 4 + length
}
