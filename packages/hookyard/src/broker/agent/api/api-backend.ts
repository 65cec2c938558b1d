// A model behind an API as a back-end: one question is one request. The AI SDK is loaded with the first question,
// so that a service which never asks does not carry it.
import type { AgentBackend } from '../backend.ts'
import type { ApiMemory, ApiOptions } from './api-options.ts'

/** A back-end that asks an API. Nothing is sent before the first question, and nothing is tried twice. */
export function createApiBackend(options: ApiOptions): AgentBackend {
  const memory: ApiMemory = { refusesSchemas: false, said: new Set() }
  return {
    name: options.vendor,
    async run(request) {
      request.signal.throwIfAborted()
      const { askModel } = await import('./ask-model.ts')
      return askModel(options, memory, request)
    },
  }
}
