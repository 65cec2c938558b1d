// A Bot API small enough to read: it keeps the calls and answers what the test told it to.
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach } from 'vitest'

export interface BotApi {
  readonly url: string
  readonly calls: { path: string; body: Record<string, unknown> }[]
  /** Answers to the next calls, in order; afterwards every message is taken. */
  readonly answers: ((response: ServerResponse) => void)[]
}

const closing: (() => void)[] = []
afterEach(() => closing.splice(0).forEach((close) => close()))

/** Listens on a free port of 127.0.0.1 until the test is over. */
export async function startBotApi(): Promise<BotApi> {
  const calls: BotApi['calls'] = []
  const answers: BotApi['answers'] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      calls.push({
        path: request.url!,
        body: JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>,
      })
      const answer = answers.shift() ?? says(200, { ok: true, result: { message_id: calls.length } })
      answer(response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls, answers }
}

/** An answer with this status; a string is sent as it is. */
export const says = (status: number, body: unknown) => (response: ServerResponse) => {
  response.writeHead(status, { 'content-type': typeof body === 'string' ? 'text/html' : 'application/json' })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}

/** A refusal as the Bot API words it. */
export const refuses = (error_code: number, description: string, parameters?: object) =>
  says(error_code, { ok: false, error_code, description, ...(parameters && { parameters }) })
