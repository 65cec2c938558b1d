// Which back-end answers. `auto` takes what is there and says so; a back-end that is named is never replaced.
import { resolve } from 'node:path'
import type { Config } from '../../config/config.ts'
import { PermanentAgentError } from './agent-error.ts'
import type { ApiMemory, ApiOptions, Vendor } from './api/vendor.ts'
import type { AgentBackend } from './backend.ts'
import { createClaudeCli } from './claude-cli.ts'
import { findProgram } from './find-program.ts'
import { createOffline } from './offline.ts'

interface Selected {
  readonly backend: AgentBackend
  /** For the log, `check` and `status`. */
  readonly why: string
}

type SelectOptions = Pick<ApiOptions, 'environment' | 'log' | 'clock'>

/** @throws PermanentAgentError `agent_unavailable` when the named back-end cannot be had. */
export function selectBackend(config: Config['agent'], options: SelectOptions): Selected {
  const { backend } = config
  const why = `agent.backend is ${backend}`
  if (backend === 'auto') return selectByPresence(config, options)
  if (backend === 'offline') return { backend: createOffline(why), why }
  return {
    backend: backend === 'claude-cli' ? claudeCli(config, options) : api(backend, config, options),
    why,
  }
}

function selectByPresence(config: Config['agent'], options: SelectOptions): Selected {
  if (keyOf('anthropic', config, options) !== null) {
    const unused = config.osUser === null ? '' : ' (agent.os_user is for agent.backend claude-cli)'
    return { backend: api('anthropic', config, options), why: `auto: there is an API key${unused}` }
  }
  const program = findProgram(config.command, config.env.PATH ?? options.environment.PATH ?? '')
  if (program !== null) {
    return { backend: claudeCli(config, options), why: `auto: there is no API key; found ${program}` }
  }
  // What another user has on its PATH cannot be seen from here; naming one says that it is there.
  if (config.osUser !== null) {
    const why = `auto: there is no API key; agent.os_user is ${config.osUser}`
    return { backend: claudeCli(config, options), why }
  }
  const why = `auto: there is no API key, and \`${config.command}\` is not on PATH`
  return { backend: createOffline(why), why }
}

/** Anthropic's key is also found by its well-known name. An empty one is how shells say "none". */
function keyOf(vendor: Vendor, config: Config['agent'], { environment }: SelectOptions): string | null {
  const found = config.apiKey ?? (vendor === 'anthropic' ? environment.ANTHROPIC_API_KEY : undefined)
  return found === undefined || found === null || found.trim() === '' ? null : found
}

/** @throws PermanentAgentError `agent_unavailable` when what the API needs is not set. */
function api(vendor: Vendor, config: Config['agent'], options: SelectOptions): AgentBackend {
  const missing = (what: string): PermanentAgentError =>
    new PermanentAgentError(`agent.backend ${vendor} needs ${what}.`, { reason: 'agent_unavailable' })
  const apiKey = keyOf(vendor, config, options)
  if (vendor !== 'openai-compatible' && apiKey === null) throw missing('an API key: set agent.api_key')
  if (vendor === 'openai-compatible' && config.baseUrl === null) {
    throw missing('the address of the API: set agent.base_url, for example http://127.0.0.1:11434/v1')
  }
  const environmentUrl = vendor === 'anthropic' ? options.environment.ANTHROPIC_BASE_URL : undefined
  const baseUrl = config.baseUrl ?? (environmentUrl?.trim() ? environmentUrl : null)
  return createApiBackend({ vendor, apiKey, baseUrl, price: config.price ?? null, ...options })
}

function claudeCli(config: Config['agent'], { environment, log }: SelectOptions): AgentBackend {
  if (config.osUser !== null && !/^[A-Za-z_][\w.-]{0,31}\$?$/.test(config.osUser)) {
    throw new PermanentAgentError(`agent.os_user ${JSON.stringify(config.osUser)} is no user name`, {
      reason: 'agent_unavailable',
    })
  }
  const { apiKey, osUser, env } = config
  // The process starts in a folder of its own, where a relative path would mean another file.
  const command = config.command.includes('/') ? resolve(config.command) : config.command
  return createClaudeCli({ command, apiKey, osUser, env, environment, log })
}

/** A back-end that asks an API; the AI SDK is loaded with the first question, and nothing is tried twice. */
export function createApiBackend(options: ApiOptions): AgentBackend {
  const memory: ApiMemory = { refusesSchemas: false, said: new Set() }
  return {
    name: options.vendor,
    async run(request) {
      request.signal.throwIfAborted()
      const { askModel } = await import('./api/ask-model.ts')
      return askModel(options, memory, request)
    },
  }
}
