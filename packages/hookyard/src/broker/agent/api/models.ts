// The AI SDK's providers, told everything they would otherwise look for in the environment by themselves.
import { createAnthropic } from '@ai-sdk/anthropic'
import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import type { LanguageModel } from 'ai'
import { toStrict } from './strict-schema.ts'
import { createTransport } from './transport.ts'
import { type ApiOptions, addressOf } from './vendor.ts'

interface Connection {
  readonly model: LanguageModel
  /** As this vendor wants it; null = none. */
  readonly schema: Readonly<Record<string, unknown>> | null
  /** The SDK's `providerOptions`. */
  readonly options: Readonly<Record<string, Readonly<Record<string, boolean>>>>
}

/** The model of this name, to be asked for an answer of this form. Sends nothing. */
export function connect(
  { vendor, apiKey, baseUrl, environment }: ApiOptions,
  name: string,
  schema: Readonly<Record<string, unknown>> | null,
): Connection {
  const baseURL = addressOf(vendor, baseUrl)
  const fetch = createTransport(environment)
  const settings = { baseURL, apiKey: apiKey ?? '', fetch }
  if (vendor === 'anthropic') return { model: createAnthropic(settings)(name), schema, options: {} }
  const form = schema === null ? null : toStrict(schema)
  const strict = { strictJsonSchema: form?.strict ?? false }
  const asked = { schema: form?.schema ?? null }
  // Nothing of a private repository stays with the vendor.
  if (vendor === 'openai')
    return { ...asked, model: createOpenAI(settings)(name), options: { openai: { ...strict, store: false } } }
  const more = { name: 'compatible', supportsStructuredOutputs: true, ...(apiKey !== null && { apiKey }) }
  const provider = createOpenAICompatible({ baseURL, fetch, ...more })
  return { ...asked, model: provider.chatModel(name), options: { compatible: strict } }
}
