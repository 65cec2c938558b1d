// Anthropic's Messages API: https://platform.claude.com/docs/en/api/messages
import { z } from 'zod'
import { isSchema, jsonBody, partsOf, type Refused, USED, type VendorProtocol } from '../model-api.ts'

const bad = (message: string): Refused => ({ status: 400, kind: 'invalid_request_error', message })

const content = z.array(z.strictObject({ type: z.literal('text'), text: z.string().min(1) })).min(1)
// "Extra inputs are not permitted": unknown fields are refused, and newer models take no sampling settings.
const body = z.strictObject({
  model: z.string(),
  max_tokens: z.int().min(1).max(128_000),
  messages: z.array(z.strictObject({ role: z.literal('user'), content })).min(1),
  output_config: z
    .strictObject({
      format: z.strictObject({ type: z.literal('json_schema'), schema: z.record(z.string(), z.unknown()) }),
    })
    .optional(),
})

const MODELS = /^claude-(?:opus|sonnet|haiku|fable)-\d/

export const anthropicProtocol: VendorProtocol = {
  path: '/v1/messages',
  read(request, key) {
    if (request.headers['x-api-key'] !== key) {
      return { status: 401, kind: 'authentication_error', message: 'invalid x-api-key' }
    }
    if (request.headers['anthropic-version'] !== '2023-06-01')
      return bad('anthropic-version: header is required')
    const json = jsonBody(request)
    if ('kind' in json) return json as unknown as Refused
    const parsed = body.safeParse(json)
    if (!parsed.success) {
      return bad(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '))
    }
    const { model, max_tokens: maxTokens, messages, output_config: config } = parsed.data
    if (!MODELS.test(model)) return { status: 404, kind: 'not_found_error', message: `model: ${model}` }
    const schema = config?.format.schema ?? null
    const problem = schema === null ? null : problemOf(schema)
    if (problem !== null) return bad(`output_config.format.schema: ${problem}`)
    const prompt = messages.flatMap((message) => message.content.map((part) => part.text)).join('\n')
    return { prompt, model, schema, strict: true, maxTokens, headers: request.headers, body: json }
  },
  answer: (asked, { says, cut, declines }) => ({
    id: 'msg_01',
    type: 'message',
    role: 'assistant',
    model: `${asked.model}-20261007`,
    content: [{ type: 'text', text: says }],
    stop_reason: cut ? 'max_tokens' : declines ? 'refusal' : 'end_turn',
    stop_sequence: null,
    usage: {
      input_tokens: USED.input - USED.cached,
      output_tokens: USED.output,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: USED.cached,
    },
  }),
  error: ({ kind, message }) => ({ type: 'error', error: { type: kind, message }, request_id: 'req_01' }),
}

const REFUSED_KEYWORDS = [
  'minimum',
  'maximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'pattern',
  'minItems',
  'maxItems',
]

/** What structured outputs do not support. */
function problemOf(schema: unknown): string | null {
  if (!isSchema(schema)) return null
  const keyword = REFUSED_KEYWORDS.find((name) => name in schema)
  if (keyword !== undefined) return `property '${keyword}' is not supported`
  if (schema['type'] === 'object' && schema['additionalProperties'] !== false) {
    return "for 'object' type, 'additionalProperties' must be explicitly set to false"
  }
  return (
    partsOf(schema)
      .map(problemOf)
      .find((problem) => problem !== null) ?? null
  )
}
