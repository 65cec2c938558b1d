// OpenAI's Responses API: https://developers.openai.com/api/docs/api-reference/responses
import { z } from 'zod'
import { jsonBody, type Refused, USED, type VendorProtocol } from '../model-api.ts'
import { strictProblem } from './strict.ts'

const bad = (message: string): Refused => ({
  ...{ status: 400, kind: 'invalid_request_error', code: 'invalid_value' },
  message,
})

const format = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({
    type: z.literal('json_schema'),
    name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
    strict: z.boolean(),
    schema: z.record(z.string(), z.unknown()),
  }),
])
const body = z.strictObject({
  model: z.string(),
  input: z
    .array(
      z.strictObject({
        role: z.literal('user'),
        content: z.array(z.strictObject({ type: z.literal('input_text'), text: z.string() })).min(1),
      }),
    )
    .min(1),
  max_output_tokens: z.int().min(16).optional(),
  text: z.strictObject({ format }).optional(),
  store: z.boolean().optional(),
  include: z.array(z.literal('reasoning.encrypted_content')).optional(),
})

export const openaiProtocol: VendorProtocol = {
  path: '/v1/responses',
  read(request, key) {
    if (request.headers.authorization !== `Bearer ${key}`) {
      const message = `Incorrect API key provided: ${request.headers.authorization?.slice(7) ?? 'none'}.`
      return { status: 401, kind: 'invalid_request_error', message, code: 'invalid_api_key' }
    }
    const json = jsonBody(request)
    if ('kind' in json) return json as unknown as Refused
    const parsed = body.safeParse(json)
    if (!parsed.success) {
      return bad(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '))
    }
    const { model, input, max_output_tokens: maxTokens = null, text } = parsed.data
    if (!/^(gpt-|o\d)/.test(model)) {
      const message = `The model '${model}' does not exist or you do not have access to it.`
      return { status: 404, kind: 'invalid_request_error', message, code: 'model_not_found' }
    }
    const form = text?.format.type === 'json_schema' ? text.format : null
    const problem = form?.strict ? strictProblem(form.schema) : null
    if (problem !== null) return bad(`Invalid schema for response_format '${form?.name}': ${problem}`)
    const prompt = input.flatMap((message) => message.content.map((part) => part.text)).join('\n')
    const strict = form?.strict ?? false
    return {
      prompt,
      model,
      schema: form?.schema ?? null,
      strict,
      maxTokens,
      headers: request.headers,
      body: json,
    }
  },
  answer: (asked, { says, cut, declines }) => ({
    id: 'resp_01',
    object: 'response',
    created_at: 1_795_000_000,
    status: cut || declines ? 'incomplete' : 'completed',
    error: null,
    incomplete_details: cut
      ? { reason: 'max_output_tokens' }
      : declines
        ? { reason: 'content_filter' }
        : null,
    model: `${asked.model}-2026-10-26`,
    output: [
      {
        type: 'message',
        id: 'msg_01',
        status: 'completed',
        role: 'assistant',
        content: [{ type: 'output_text', text: says, annotations: [] }],
      },
    ],
    usage: {
      input_tokens: USED.input,
      input_tokens_details: { cached_tokens: USED.cached },
      output_tokens: USED.output,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: USED.input + USED.output,
    },
  }),
  error: ({ kind, message, code }) => ({ error: { message, type: kind, param: null, code: code ?? null } }),
}
