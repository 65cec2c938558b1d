// One message to any program: signed JSON by POST. Enters: an address `https://…` and a message. Leaves: sent (2xx),
// again (limits, outages) or refused. The receiver knows by the signature that it is from here, and by the id when
// it has had the message before: what was sent may come twice (docs/notify.md).
import { createHmac, randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../lib/clock.ts'
import type { EffectStore } from '../store/store.ts'
import { fitMessage } from './truncate-message.ts'
import { toPlainLine, toPlainText } from './message.ts'
import type { Message } from './message.ts'
import { postJson, toResult } from './post-json.ts'
import type { Sender, SendResult } from './sender.ts'

/** In UTF-16 units: as much as any reader of notifications takes. */
const MAX_UNITS = 40_000

export interface WebhookSenderOptions {
  readonly scheme: 'https' | 'http'
  /** What the body is signed with. */
  readonly key: string
  readonly clock: Clock
  /** Default: 30 s. */
  readonly timeoutMs?: number
}

/** A sender for `https://…` or `http://…`. */
export function createWebhookSender(options: WebhookSenderOptions): Sender {
  const { scheme, key, clock, timeoutMs } = options
  return {
    scheme,
    async send(address, message, signal, id = ''): Promise<SendResult> {
      if (!URL.canParse(address)) return { status: 'refused', error: `the address is no ${scheme} URL` }
      const body = toBody(message, id, clock())
      if (body.text.trim() === '') return { status: 'refused', error: 'the message is empty' }
      const json = JSON.stringify(body)
      const headers = {
        'x-hookyard-delivery': id,
        'x-hookyard-timestamp': String(Math.floor(clock() / 1_000)),
        'x-hookyard-signature-256': sign(json, key),
      }
      return toResult(await postJson(address, json, { headers, signal, timeoutMs }), 'the receiver', null)
    },
  }
}

/** `sha256=` and the HMAC of the raw body in hexadecimal, as GitHub signs. */
export function sign(body: string, key: string): string {
  return `sha256=${createHmac('sha256', key).update(body).digest('hex')}`
}

/** `id` is the same whenever this message is sent again; `timestamp` is of this sending, and signed with it. */
function toBody(message: Message, id: string, now: number) {
  const fitted = fitMessage(message, MAX_UNITS, [toPlainLine])
  return {
    id,
    timestamp: new Date(now).toISOString(),
    text: toPlainText(fitted).toWellFormed(),
    lines: fitted.lines,
  }
}

/** The copy of the key in `data_dir`, which the operator can read and hand to the receiver. */
const SIGNING_KEY_FILE = 'notify-key'

/**
 * The installation's key for signed notifications, kept in the store; makes it, and writes its copy with mode 0600, when
 * there is none yet. Rejects when the store or disk do.
 */
export async function openSigningKey(options: {
  readonly store: Pick<EffectStore, 'setting'>
  readonly dataDir: string
}): Promise<string> {
  const key = await options.store.setting('notify_key', randomBytes(32).toString('base64url'))
  const file = join(options.dataDir, SIGNING_KEY_FILE)
  const copy = await readFile(file, 'utf8').catch(() => null)
  if (copy?.trim() !== key) await writeFile(file, `${key}\n`, { mode: 0o600 })
  return key
}
