// The thread of the large payloads: it parses them, one at a time, and hands out what is small.
import { parentPort } from 'node:worker_threads'
import { type Described, describeEvent } from '../entity/entity.ts'
import { type Code, UserError } from '../lib/errors.ts'
import { formPayload } from './form.ts'
import { parseObject } from './parse-object.ts'
import { shorten } from './shorten.ts'

/** What crosses between the main thread and this one. */
export type Question =
  | {
      readonly kind: 'describe'
      readonly event: string
      readonly body: Uint8Array<ArrayBuffer>
      readonly isForm: boolean
    }
  | { readonly kind: 'shorten'; readonly text: string }

export type Answer =
  | {
      readonly kind: 'described'
      readonly described: Described
      readonly json: Uint8Array<ArrayBuffer>
      /** Its first values. */
      readonly excerpt: string
    }
  | { readonly kind: 'shortened'; readonly text: string }
  /** The sender's fault. */
  | { readonly kind: 'refused'; readonly code: Code; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string }

const port = parentPort
if (!port) throw new Error('thread.ts is no program: use createLargePayloads()')

port.on('message', (question: Question) => {
  const answer = answerTo(question)
  // The bytes go back without a copy. What is decoded from a form may lie in memory that others use too.
  const handOver = answer.kind === 'described' && owns(answer.json) ? [answer.json.buffer] : []
  port.postMessage(answer, handOver)
})

function answerTo(question: Question): Answer {
  try {
    if (question.kind === 'shorten') {
      return { kind: 'shortened', text: JSON.stringify(shorten(JSON.parse(question.text))) }
    }
    const { body, isForm, event } = question
    const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
    const json = isForm ? formPayload(bytes) : bytes
    const value = parseObject(json)
    const excerpt = JSON.stringify(shorten(value))
    const described = describeEvent(event, value)
    return { kind: 'described', json: json as Uint8Array<ArrayBuffer>, described, excerpt }
  } catch (thrown) {
    if (thrown instanceof UserError) return { kind: 'refused', code: thrown.code, message: thrown.message }
    return { kind: 'failed', message: String(thrown) }
  }
}

const owns = ({ buffer, byteLength }: Uint8Array): boolean => buffer.byteLength === byteLength
