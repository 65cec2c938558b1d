// Asking the server. What it refuses is told in its own words.
import type { z } from 'zod'
import { toError } from '../../lib/errors.ts'
import { fields } from '../../lib/fields.ts'
import { CommandFailure } from '../failure.ts'
import type { ServerOptions } from './find-server.ts'
import { openServerLine } from './server-line.ts'

export type ServerClient = Awaited<ReturnType<typeof openClient>>

/** The server answered, and said no. */
export class ServerRefusal extends CommandFailure {
  readonly status: number
  override readonly code: string
  /** What the server asks to wait, in ms. */
  readonly retryAfterMs: number | null

  constructor(message: string, more: { status: number; code: string; retryAfterMs: number | null }) {
    super(message)
    this.status = more.status
    this.code = more.code
    this.retryAfterMs = more.retryAfterMs
  }
}

/** Nobody answered. */
export class ServerSilence extends CommandFailure {}

/** A client of the server that these options mean. @throws CommandFailure, UsageError */
export async function openClient(options: ServerOptions) {
  const line = await openServerLine(options)

  async function ask(path: string, init: RequestInit): Promise<Response> {
    let answer: Response
    try {
      answer = await line.fetch(path, init)
    } catch (thrown) {
      const { url, fix } = line.server
      const { cause, message } = toError(thrown)
      const why = (cause as { code?: string } | undefined)?.code ?? message
      throw new ServerSilence(`no server answers at ${url} (${why}): ${fix}`)
    }
    if (answer.ok) return answer
    throw await refusalOf(answer, line.server.url)
  }

  async function read<Schema extends z.ZodType>(answer: Response, schema: Schema, path: string) {
    const body: unknown = await answer.json().catch(() => undefined)
    const parsed = schema.safeParse(body)
    if (parsed.success) return parsed.data
    throw new CommandFailure(
      `${line.server.url}${path} answers otherwise than this version of the command expects; use the command of the server's version`,
    )
  }

  return {
    get url() {
      return line.server.url
    },
    /** @throws ServerRefusal; CommandFailure when it does not answer, or not as this version expects */
    get: async <Schema extends z.ZodType>(path: string, schema: Schema) =>
      read(await ask(path, {}), schema, path),
    /** As `get`. */
    async post<Schema extends z.ZodType>(path: string, schema: Schema, body?: unknown) {
      const json = { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
      return read(await ask(path, { method: 'POST', ...(body === undefined ? {} : json) }), schema, path)
    },
    /** The answer’s bytes. */
    async download(path: string) {
      const { body } = await ask(path, {})
      if (body) return body
      throw new CommandFailure(`${line.server.url}${path} answers without a body`)
    },
  }
}

async function refusalOf(answer: Response, url: string): Promise<ServerRefusal> {
  const { error, code } = fields(await answer.json().catch(() => ({})))
  const said = typeof error === 'string' ? error : `${url} answers ${answer.status}`
  const hint =
    answer.status === 401 ? '; set HOOKYARD_TOKEN to one of its tokens (api_tokens in hookyard.yaml)' : ''
  const wait = Number(answer.headers.get('retry-after'))
  return new ServerRefusal(`${said}${hint}`, {
    status: answer.status,
    code: typeof code === 'string' ? code : '',
    retryAfterMs: wait > 0 ? wait * 1_000 : null,
  })
}
