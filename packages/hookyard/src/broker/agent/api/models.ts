// The AI SDK's providers, told everything they would otherwise look for in the environment by themselves.
import { createAnthropic } from '@ai-sdk/anthropic'
import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import type { LanguageModel } from 'ai'
import { toStrict } from './strict-schema.ts'
import { createTransport } from './transport.ts'
import { type ApiOptions, addressOf } from './vendor.ts'

export interface Connection {
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
  switch (vendor) {
    case 'anthropic': {
      const provider = createAnthropic({ baseURL, apiKey: apiKey ?? '', fetch })
      return { model: provider(name), schema, options: {} }
    }
    case 'openai': {
      const provider = createOpenAI({ baseURL, apiKey: apiKey ?? '', fetch })
      const form = schema === null ? null : toStrict(schema)
      // Nothing of a private repository stays with the vendor.
      const options = { openai: { store: false, strictJsonSchema: form?.strict ?? false } }
      return { model: provider(name), schema: form?.schema ?? null, options }
    }
    case 'openai-compatible': {
      const form = schema === null ? null : toStrict(schema)
      const provider = createOpenAICompatible({
        name: 'compatible',
        baseURL,
        ...(apiKey !== null && { apiKey }),
        supportsStructuredOutputs: true,
        fetch,
      })
      const options = { compatible: { strictJsonSchema: form?.strict ?? false } }
      return { model: provider.chatModel(name), schema: form?.schema ?? null, options }
    }
  }
}
