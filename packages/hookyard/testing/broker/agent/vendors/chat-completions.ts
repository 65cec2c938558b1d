// The Chat Completions protocol as local servers speak it (llama.cpp, vLLM, Ollama, LM Studio).
import { z } from 'zod'
import { jsonBody, type Refused, USED, type VendorProtocol } from '../model-api.ts'
import { strictProblem } from './strict.ts'

const bad = (message: string): Refused => ({ status: 400, kind: 'invalid_request_error', message })

const body = z.strictObject({
  model: z.string(),
  messages: z.array(z.strictObject({ role: z.literal('user'), content: z.string() })).min(1),
  max_tokens: z.int().min(1).optional(),
  response_format: z
    .strictObject({
      type: z.literal('json_schema'),
      json_schema: z.strictObject({
        name: z.string(),
        strict: z.boolean(),
        schema: z.record(z.string(), z.unknown()),
      }),
    })
    .optional(),
})

/** `schemas: false`: a server that refuses `response_format`, as many do. */
export function chatCompletionsProtocol({ schemas = true, usage = true } = {}): VendorProtocol {
  return {
    path: '/v1/chat/completions',
    read(request, key) {
      const { authorization } = request.headers
      if (key === null ? authorization !== undefined : authorization !== `Bearer ${key}`) {
        return {
          status: 401,
          kind: 'authentication_error',
          message: `the key ${authorization?.slice(7)} is wrong`,
        }
      }
      const json = jsonBody(request)
      if ('kind' in json) return json as unknown as Refused
      if (!schemas && 'response_format' in json)
        return bad("'response_format' is not supported by this model")
      const parsed = body.safeParse(json)
      if (!parsed.success) {
        return bad(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '))
      }
      const { model, messages, max_tokens: maxTokens = null, response_format: form } = parsed.data
      const { schema = null, strict = false } = form?.json_schema ?? {}
      const problem = strict ? strictProblem(schema) : null
      if (problem !== null) return bad(`response_format: ${problem}`)
      const prompt = messages.map((message) => message.content).join('\n')
      return { prompt, model, schema, strict, maxTokens, headers: request.headers, body: json }
    },
    answer: (asked, { says, cut, declines }) => ({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1_795_000_000,
      model: asked.model,
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: says },
          finish_reason: cut ? 'length' : declines ? 'content_filter' : 'stop',
        },
      ],
      ...(usage && {
        usage: {
          prompt_tokens: USED.input,
          completion_tokens: USED.output,
          total_tokens: USED.input + USED.output,
          prompt_tokens_details: { cached_tokens: USED.cached },
        },
      }),
    }),
    error: ({ kind, message, code }) => ({ error: { message, type: kind, param: null, code: code ?? null } }),
  }
}
