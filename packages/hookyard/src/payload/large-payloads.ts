// Payloads over 128 KiB are parsed in a thread of their own, one at a time: however many come at once, the memory is
// one's, and the event loop answers meanwhile. A payload that takes more memory than there is ends the thread, never the
// service.
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Described } from '../entity/entity.ts'
import { UserError } from '../lib/errors.ts'
import { createSerial } from '../lib/serial.ts'
import { LARGE_BYTES } from './parse-object.ts'
import { isSurelyShallow } from './shorten.ts'
import type { Answer, Question } from './thread.ts'

/** The thread's heap, in MiB: twice what a payload within the limits takes. */
const HEAP_MIB = 256

export interface DescribedPayload extends Described {
  /** The JSON. */
  readonly body: Uint8Array
  /** Its first values, as JSON (shorten.ts). */
  readonly excerpt: Uint8Array
}

export interface LargePayloads {
  /**
   * Parses a webhook's body, which is given away: it has no bytes afterwards.
   * @throws UserError invalid_json, not_an_object, too_large; Error when the thread failed
   */
  describe(event: string, body: Buffer, isForm: boolean): Promise<DescribedPayload>
  /**
   * The JSON, or, when it is large or nests deep, its first values (shorten.ts): small enough for the main thread.
   * @throws Error when it is no JSON, or the thread failed
   */
  shorten(json: string): Promise<string>
  /** Ends the thread. What it works on fails. */
  close(): Promise<void>
}

/** Nothing is started before the first large payload. */
export function createLargePayloads(): LargePayloads {
  const inTurn = createSerial()
  let worker: Worker | undefined

  function start(): Worker {
    const file = new URL(`./thread${extname(import.meta.url)}`, import.meta.url)
    const started = new Worker(file, {
      name: 'large-payloads',
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
    })
    // The next payload has a new thread.
    started.once('exit', () => {
      if (worker === started) worker = undefined
    })
    return started
  }

  const ask = (question: Question, handOver: readonly ArrayBuffer[] = []): Promise<Answer> =>
    inTurn(
      '',
      () =>
        new Promise((resolve, reject) => {
          worker ??= start()
          const asked = worker
          const settle = (act: () => void) => {
            asked.off('message', onMessage).off('error', onError).off('exit', onExit).unref()
            act()
          }
          const onMessage = (answer: Answer) => settle(() => resolve(answer))
          const onError = (cause: unknown) =>
            settle(() => {
              worker = undefined
              reject(new Error('a large payload could not be parsed in the memory that there is', { cause }))
            })
          const onExit = () => onError(new Error('its thread ended'))
          asked.on('message', onMessage).on('error', onError).on('exit', onExit).ref()
          asked.postMessage(question, handOver)
        }),
    )

  return {
    async describe(event, body, isForm) {
      // A transfer takes the whole memory along: only what is the body's own may go.
      const bytes = isWhole(body) ? body : new Uint8Array(body)
      const answer = await ask({ kind: 'describe', event, body: bytes, isForm }, [bytes.buffer])
      if (answer.kind === 'described') {
        return { ...answer.described, body: answer.json, excerpt: Buffer.from(answer.excerpt) }
      }
      throw toError(answer)
    },
    async shorten(json) {
      if (json.length <= LARGE_BYTES && isSurelyShallow(json)) return json
      const answer = await ask({ kind: 'shorten', text: json })
      if (answer.kind === 'shortened') return answer.text
      throw toError(answer)
    },
    async close() {
      await worker?.terminate()
    },
  }
}

function isWhole(body: Buffer): body is Buffer<ArrayBuffer> {
  return body.buffer instanceof ArrayBuffer && body.buffer.byteLength === body.byteLength
}

function toError(answer: Answer): Error {
  if (answer.kind === 'refused') return new UserError(answer.code, answer.message)
  return new Error(answer.kind === 'failed' ? answer.message : `the thread answered ${answer.kind}`)
}
