// Which back-end answers. `auto` takes what is there and says so; a back-end that is named is never replaced.
import { resolve } from 'node:path'
import type { Config } from '../../config/config.ts'
import type { Log } from '../../lib/log.ts'
import { AgentRefusal } from './agent-error.ts'
import type { AgentBackend } from './backend.ts'
import type { Environment } from './child-environment.ts'
import { createClaudeCli } from './claude-cli.ts'
import { findProgram } from './find-program.ts'
import { createOffline } from './offline.ts'

export interface Selected {
  readonly backend: AgentBackend
  /** For the log, `check` and `status`. */
  readonly why: string
}

interface SelectOptions {
  readonly environment: Environment
  readonly log: Log
}

/** @throws AgentRefusal `agent_unavailable` when the named back-end cannot be had. */
export function selectBackend(config: Config['agent'], options: SelectOptions): Selected {
  switch (config.backend) {
    case 'claude-cli':
      return { backend: claudeCli(config, options), why: 'agent.backend is claude-cli' }
    case 'offline':
      return { backend: createOffline('agent.backend is offline'), why: 'agent.backend is offline' }
    case 'auto':
      return selectByPresence(config, options)
    case 'anthropic':
    case 'openai':
    case 'openai-compatible':
      throw new AgentRefusal(
        `agent.backend ${config.backend} is not part of this version. Set it to claude-cli (it takes ANTHROPIC_API_KEY), offline or auto.`,
        { reason: 'agent_unavailable' },
      )
  }
}

function selectByPresence(config: Config['agent'], options: SelectOptions): Selected {
  const hasKey = config.apiKey !== null || Boolean(options.environment.ANTHROPIC_API_KEY)
  const key = hasKey ? 'with the API key' : 'with its own login'
  const program = findProgram(config.command, config.env.PATH ?? options.environment.PATH ?? '')
  if (program !== null) {
    return { backend: claudeCli(config, options), why: `auto: found ${program}, ${key}` }
  }
  // What another user has on its PATH cannot be seen from here; naming one says that it is there.
  if (config.osUser !== null) {
    return { backend: claudeCli(config, options), why: `auto: agent.os_user is ${config.osUser}, ${key}` }
  }
  const why = hasKey
    ? `auto: there is an API key, but \`${config.command}\` is not on PATH, and this version asks the API through it alone`
    : `auto: there is no API key, and \`${config.command}\` is not on PATH`
  return { backend: createOffline(why), why }
}

function claudeCli(config: Config['agent'], { environment, log }: SelectOptions): AgentBackend {
  if (config.osUser !== null && !/^[A-Za-z_][\w.-]{0,31}\$?$/.test(config.osUser)) {
    throw new AgentRefusal(`agent.os_user ${JSON.stringify(config.osUser)} is no user name`, {
      reason: 'agent_unavailable',
    })
  }
  const { apiKey, osUser, env } = config
  // The process starts in a folder of its own, where a relative path would mean another file.
  const command = config.command.includes('/') ? resolve(config.command) : config.command
  return createClaudeCli({ command, apiKey, osUser, env, environment, log })
}
