// The `claude` program as a back-end: a process per question, without tools, sessions, project files or our
// environment, in an empty folder, ended with all its children by the deadline.
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Log } from '../../lib/log.ts'
import { AgentError, PermanentAgentError } from './agent-error.ts'
import type { AgentBackend, BackendAnswer, BackendRequest } from './backend.ts'
import { childEnvironment, secretValues, type Environment } from './child-environment.ts'
import { parseClaudeAnswer } from './claude-answer.ts'
import { runProcess, type ProcessResult } from './run-process.ts'
import { errorExcerpt } from './error-excerpt.ts'

export interface ClaudeCliOptions {
  readonly command: string
  readonly apiKey: string | null
  /** Runs as this OS user through `sudo`, which must allow it without a password. */
  readonly osUser: string | null
  readonly env: Readonly<Record<string, string>>
  readonly environment: Environment
  readonly log: Log
}

const MAX_STDOUT = 8 * 1024 * 1024
const MAX_STDERR = 64 * 1024
/** Linux takes 128 KiB for one argument. */
const MAX_SCHEMA_CHARS = 100_000
/** Seconds between SIGTERM and SIGKILL for another user's process. */
const KILL_AFTER_S = 5

/** A back-end that asks the `claude` program. Nothing is started before the first question. */
export function createClaudeCli(options: ClaudeCliOptions): AgentBackend {
  const env = childEnvironment(options.environment, options)
  const secrets = secretValues(env)
  if (options.osUser !== null) warnOfLostNames(env, options.log)
  return { name: 'claude-cli', run: (request) => ask(options, env, secrets, request) }
}

async function ask(
  options: ClaudeCliOptions,
  env: Readonly<Record<string, string>>,
  secrets: readonly string[],
  request: BackendRequest,
): Promise<BackendAnswer> {
  request.signal.throwIfAborted()
  const call = callOf(options, env, request)
  const cwd = await mkdtemp(join(tmpdir(), 'hookyard-agent-'))
  try {
    // mkdtemp makes it private: another user could not even enter it.
    if (options.osUser !== null) await chmod(cwd, 0o755)
    const result = await runProcess({
      ...call,
      cwd,
      // The other user's own `timeout` ends its process; ours only has to be there when that fails.
      timeoutMs: request.timeoutMs + (options.osUser === null ? 0 : (KILL_AFTER_S + 1) * 1_000),
      signal: request.signal,
      maxStdout: MAX_STDOUT,
      maxStderr: MAX_STDERR,
      termFirst: options.osUser !== null,
    })
    return answerOf(result, options, secrets, request)
  } finally {
    await rm(cwd, { recursive: true, force: true }).catch((error: unknown) => {
      const told = 'could not remove the agent\u2019s working folder'
      options.log.warn({ folder: cwd, error: String(error) }, told)
    })
  }
}

function answerOf(
  result: ProcessResult,
  options: ClaudeCliOptions,
  secrets: readonly string[],
  request: BackendRequest,
): BackendAnswer {
  const describe = (what: string): string => {
    const said = errorExcerpt(result.stderr, secrets)
    return `${options.command} ${errorExcerpt(what, secrets)}${said === '' ? '' : ` (stderr: ${said})`}`
  }
  if (result.ended === 'aborted') request.signal.throwIfAborted()
  if (result.ended === 'not_started' || isMissing(result, options)) throw missing(result, options)
  if (result.ended === 'timeout' || isInnerTimeout(result, options)) {
    const late = `${options.command} gave no answer within ${request.timeoutMs / 1_000} s and was ended.`
    throw new AgentError(`${late} Raise agent.timeout if that is normal.`, { reason: 'agent_timeout' })
  }
  if (result.ended === 'overflow') {
    throw new AgentError(describe(`printed more than ${MAX_STDOUT / 1024 / 1024} MiB and was ended`), {
      reason: 'agent_failed',
    })
  }
  const answer = parseClaudeAnswer(result.stdout, (what) =>
    describe(result.code === 0 ? what : `${what}; exit code ${result.code ?? 'none, ended by a signal'}`),
  )
  return { ...answer, model: answer.model ?? request.model }
}

/** `timeout` says 127 (no such program) and 126 (may not be run) where spawn says ENOENT and EACCES. */
const isMissing = (result: ProcessResult, { osUser }: ClaudeCliOptions): boolean =>
  osUser !== null && result.stdout === '' && (result.code === 127 || result.code === 126)

const isInnerTimeout = (result: ProcessResult, { osUser }: ClaudeCliOptions): boolean =>
  osUser !== null && (result.code === 124 || result.code === 137)

function missing(result: ProcessResult, { command, osUser }: ClaudeCliOptions): PermanentAgentError {
  const what = osUser !== null && result.startError !== null ? 'sudo' : command
  const why = result.startError ?? `exit code ${result.code}, as user ${osUser}`
  const fix =
    what === 'sudo'
      ? 'Install sudo, or remove agent.os_user.'
      : 'Install Claude Code (npm install -g @anthropic-ai/claude-code), set agent.command to where it is, or set agent.backend to offline.'
  return new PermanentAgentError(`The program \`${what}\` could not be started (${why}). ${fix}`, {
    reason: 'agent_missing',
  })
}

type Variables = Readonly<Record<string, string>>

function callOf({ command, osUser }: ClaudeCliOptions, env: Variables, request: BackendRequest) {
  const args = claudeArguments(request, Boolean(env.ANTHROPIC_API_KEY))
  if (osUser === null) return { command, args, env, input: request.prompt }
  const seconds = Math.max(1, Math.ceil(request.timeoutMs / 1_000))
  const timed = ['timeout', '-k', String(KILL_AFTER_S), String(seconds)]
  const shell = ['sh', '-c', READ_ENVIRONMENT, 'sh', command, ...args]
  const kept = Object.entries(env).filter(([name]) => ['PATH', 'LANG'].includes(name))
  return {
    command: 'sudo',
    args: ['-n', '-u', osUser, '--', ...timed, ...shell],
    env: Object.fromEntries(kept),
    input: `${environmentLines(env)}\n${request.prompt}`,
  }
}

/**
 * sudo empties the environment, and arguments are visible to every user of the machine: so the other user's
 * process reads its environment from the first lines of its input. `read` takes no byte beyond its line.
 */
const READ_ENVIRONMENT = 'while IFS= read -r line && [ -n "$line" ]; do export "$line"; done; exec "$@"'

/** PATH, HOME and TMPDIR are the other user's own. */
const othersNames = (env: Variables): [string, string][] =>
  Object.entries(env).filter(([name]) => !['PATH', 'HOME', 'TMPDIR'].includes(name))

const environmentLines = (env: Variables): string =>
  othersNames(env)
    .flatMap(([name, value]) => (isLine(name, value) ? [`${name}=${value}\n`] : []))
    .join('')

function warnOfLostNames(env: Variables, log: Log): void {
  const lost = othersNames(env).filter(([name, value]) => !isLine(name, value))
  const names = lost.map(([name]) => name)
  if (lost.length > 0)
    log.warn({ names }, 'agent.os_user: these variables hold line breaks and do not reach the agent')
}

const isLine = (name: string, value: string): boolean => /^[A-Za-z_]\w*$/.test(name) && !/[\n\0]/.test(value)

/** All flags and values for a question. @throws PermanentAgentError `invalid_input` for a schema that no argument can hold. */
export function claudeArguments(request: BackendRequest, hasKey: boolean): string[] {
  const schema = request.schema === null ? null : JSON.stringify(request.schema)
  if (schema !== null && schema.length > MAX_SCHEMA_CHARS) {
    throw new PermanentAgentError(
      `The JSON Schema has ${schema.length} characters; the program takes at most ${MAX_SCHEMA_CHARS}. Make it smaller.`,
      { reason: 'invalid_input' },
    )
  }
  return [
    ...['-p', '--output-format', 'json', '--model', request.model],
    ...(schema === null ? [] : ['--json-schema', schema]),
    ...(request.maxUsd === null ? [] : ['--max-budget-usd', Math.max(request.maxUsd, 0.0001).toFixed(4)]),
    // No tools, no MCP servers, no session: it can only answer.
    ...['--tools', '', '--strict-mcp-config', '--no-session-persistence'],
    // Skips hooks, CLAUDE.md and the keychain, but also a subscription's login: only with a key.
    ...(hasKey ? ['--bare'] : []),
  ]
}
