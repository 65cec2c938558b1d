// The agent's process gets what it needs and nothing else, and it always ends: with an answer or a typed error.
import { existsSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLog } from '../../lib/log.ts'
import type { BackendRequest } from './backend.ts'
import { createClaudeCli, type ClaudeCliOptions } from './claude-cli.ts'
import { gone, openProgramFolder, type ProgramFolder } from '../../../testing/broker/agent/program-folder.ts'

let programs: ProgramFolder
beforeEach(() => {
  programs = openProgramFolder()
})
afterEach(() => programs.remove())

const ask = (options: Partial<ClaudeCliOptions> = {}, request: Partial<BackendRequest> = {}) =>
  createClaudeCli({
    command: `${programs.path}/claude`,
    apiKey: null,
    osUser: null,
    env: {},
    environment: { PATH: programs.searchPath },
    log: silentLog,
    ...options,
  }).run({
    prompt: 'Look at this.',
    schema: null,
    task: null,
    model: 'sonnet',
    timeoutMs: 50_000,
    maxUsd: null,
    signal: new AbortController().signal,
    ...request,
  })

const REPORT = `answer({ result: JSON.stringify({ args: process.argv.slice(2), env: process.env, cwd: process.cwd(), files: fs.readdirSync('.'), stdin: stdin() }) })`
const report = async (...call: Parameters<typeof ask>) =>
  JSON.parse((await ask(...call)).text) as {
    args: string[]
    env: Record<string, string>
    cwd: string
    files: string[]
    stdin: string
  }

test('gives the prompt on stdin, and flags that leave no tools, servers or session', async () => {
  programs.add('claude', REPORT)
  const { args, stdin } = await report({}, { schema: { type: 'object' }, maxUsd: 0.5 })
  expect(stdin).toBe('Look at this.')
  expect(args).toEqual([
    ...['-p', '--output-format', 'json', '--model', 'sonnet', '--json-schema', '{"type":"object"}'],
    ...['--max-budget-usd', '0.5000', '--tools', '', '--strict-mcp-config', '--no-session-persistence'],
  ])
})

test('the environment is a closed list: nothing of ours leaks', async () => {
  programs.add('claude', REPORT)
  const { env } = await report({
    apiKey: 'key-of-the-api',
    env: { AWS_REGION: 'eu-central-1', LANG: 'C' },
    environment: {
      ...{
        PATH: programs.searchPath,
        HOME: '/home/x',
        LANG: 'de_DE',
        TMPDIR: '/tmp',
        HTTPS_PROXY: 'http://p:1',
      },
      ...{ NODE_EXTRA_CA_CERTS: '/ca.pem', ANTHROPIC_BASE_URL: 'http://b', CLAUDE_CODE_OAUTH_TOKEN: 'oauth' },
      ...{
        GITHUB_TOKEN: 'x',
        GITHUB_WEBHOOK_SECRET: 'x',
        TELEGRAM_BOT_TOKEN: 'x',
        NODE_OPTIONS: '--x',
        USER: 'x',
      },
    },
  })
  // The shell that starts the script adds names of its own.
  const { PWD: _pwd, OLDPWD: _old, SHLVL: _level, _: _program, HOOKYARD_PROCESS: mark, ...given } = env
  expect(mark).toMatch(/^[0-9a-f-]{36}$/)
  expect(given).toEqual({
    ...{ PATH: programs.searchPath, HOME: '/home/x', LANG: 'C', TMPDIR: '/tmp', HTTPS_PROXY: 'http://p:1' },
    ...{ NODE_EXTRA_CA_CERTS: '/ca.pem', ANTHROPIC_BASE_URL: 'http://b', CLAUDE_CODE_OAUTH_TOKEN: 'oauth' },
    ...{ ANTHROPIC_API_KEY: 'key-of-the-api', AWS_REGION: 'eu-central-1' },
  })
})

test('--bare comes with a key alone, for it ignores a login', async () => {
  programs.add('claude', REPORT)
  expect((await report()).args).not.toContain('--bare')
  expect((await report({ apiKey: 'k' })).args).toContain('--bare')
})

test('works in an empty folder that is gone afterwards', async () => {
  programs.add('claude', REPORT)
  const { cwd, files } = await report()
  expect(files).toEqual([])
  expect(existsSync(cwd)).toBe(false)
})

test('reads the result whatever the order of its keys and whatever stands before it', async () => {
  programs.add(
    'claude',
    `console.log('a warning'); answer({ structured_output: { a: 1 }, usage: { output_tokens: 7, input_tokens: 2, cache_read_input_tokens: 3 }, modelUsage: { 'claude-x': {} }, result: 'hi' })`,
  )
  expect(await ask()).toEqual({
    ...{ text: 'hi', output: { a: 1 }, costUsd: 0.01, model: 'claude-x', backend: 'claude-cli' },
    usage: { inputTokens: 5, outputTokens: 7 },
  })
})

test('an object with an answer is one, though a wrapper of the program leaves out its type', async () => {
  programs.add(
    'claude',
    `console.log('{"level":"info"}'); console.log(JSON.stringify({ result: 'fine', total_cost_usd: 0.02 })); console.log('{"level":"info"}')`,
  )
  expect(await ask()).toMatchObject({ text: 'fine', costUsd: 0.02 })
})

test.each([
  [
    'over budget',
    `answer({ subtype: 'error_max_budget_usd', is_error: true }); process.exitCode = 1`,
    'budget',
    'PermanentAgentError',
  ],
  [
    'over budget without is_error',
    `answer({ subtype: 'error_max_budget_usd' })`,
    'budget',
    'PermanentAgentError',
  ],
  [
    'no fitting answer',
    `answer({ subtype: 'error_max_structured_output_retries' })`,
    'agent_malformed',
    'PermanentAgentError',
  ],
  [
    'an API error',
    `answer({ is_error: true, result: 'overloaded' }); process.exitCode = 1`,
    'agent_failed',
    'AgentError',
  ],
  [
    'a refused key',
    `answer({ is_error: true, api_error_status: 401 })`,
    'agent_unavailable',
    'PermanentAgentError',
  ],
  [
    'nobody is logged in',
    `answer({ is_error: true, api_error_status: null, result: 'Not logged in · Please run /login' })`,
    'agent_unavailable',
    'PermanentAgentError',
  ],
  [
    'an unknown model',
    `answer({ is_error: true, api_error_status: 404 })`,
    'agent_failed',
    'PermanentAgentError',
  ],
  ['a limit', `answer({ is_error: true, api_error_status: 429 })`, 'agent_rate_limited', 'AgentBusy'],
  ['an overload', `answer({ is_error: true, api_error_status: 529 })`, 'agent_failed', 'AgentError'],
])('%s is a typed error that tells its cost', async (_name, source, reason, name) => {
  programs.add('claude', source)
  await expect(ask()).rejects.toMatchObject({ name, reason, costUsd: 0.01 })
})

test('a crash without an answer tells the end of stderr, without secrets and escape codes', async () => {
  const token = 'ghp_' + 'a1B2'.repeat(9)
  programs.add(
    'claude',
    `console.error('\\x1b[31mbad key', process.env.ANTHROPIC_API_KEY, '${token}'); process.exit(3)`,
  )
  const error = await ask({ apiKey: 'key-of-the-api' }).catch((thrown: Error) => thrown)
  expect(error).toMatchObject({ name: 'AgentError', reason: 'agent_failed' })
  expect((error as Error).message).toMatch(/exit code 3 \(stderr: bad key \[redacted\] \(secret removed\)\)$/)
})

test.each([
  ['nothing there', 'claude'],
  ['no program', '/dev/null'],
])('a missing program says what to install or to set: %s', async (_name, command) => {
  await expect(ask({ command })).rejects.toMatchObject({
    name: 'PermanentAgentError',
    reason: 'agent_missing',
    message: expect.stringMatching(/could not be started.*agent\.command.*offline/),
  })
})

test('ends at its timeout, although a child of the program holds its output open', async () => {
  programs.addShell('claude', `sleep 1000 & sleep 1000`)
  await expect(ask({}, { timeoutMs: 500 })).rejects.toMatchObject({
    name: 'AgentError',
    reason: 'agent_timeout',
  })
})

test('an abort ends the program and its children at once', async () => {
  programs.addShell('claude', `sleep 1000 & echo "$$ $!" > '${programs.path}/pids'; sleep 1000`)
  const stop = new AbortController()
  const answer = ask({}, { signal: stop.signal })
  const pids = (await programs.written('pids')).trim().split(' ').map(Number)
  stop.abort(new Error('cancelled'))
  await expect(answer).rejects.toThrow('cancelled')
  expect(pids).toHaveLength(2)
  for (const pid of pids) await gone(pid)
})

test('an answer counts although a child that left the group holds the output open', async () => {
  programs.add(
    'claude',
    `const child = require('node:child_process').spawn('sleep', ['1000'], { detached: true, stdio: 'inherit' }); child.unref()
     fs.writeFileSync(HERE + '/pid', String(child.pid)); answer({ result: 'done' })`,
  )
  expect((await ask()).text).toBe('done')
  process.kill(Number(await programs.written('pid')), 'SIGKILL')
})

test('children that the program left behind are ended', async () => {
  programs.addShell(
    'claude',
    `sleep 1000 >/dev/null 2>&1 & echo $! > '${programs.path}/pid'; echo '{"type":"result","result":"x"}'`,
  )
  expect((await ask()).text).toBe('x')
  await gone(Number(await programs.written('pid')))
})

test('more than 8 MiB of output ends it', async () => {
  programs.add(
    'claude',
    `const chunk = 'x'.repeat(1 << 20); const more = () => process.stdout.write(chunk, more); more()`,
  )
  await expect(ask()).rejects.toMatchObject({
    reason: 'agent_failed',
    message: expect.stringContaining('8 MiB'),
  })
})

test('a program that reads no input may still answer', async () => {
  programs.add('claude', `answer({ result: 'deaf' })`)
  expect((await ask({}, { prompt: 'x'.repeat(1_000_000) })).text).toBe('deaf')
})

test('a schema too long for an argument is refused', async () => {
  await expect(ask({}, { schema: { description: 'x'.repeat(100_001) } })).rejects.toMatchObject({
    reason: 'invalid_input',
  })
})

// Another user: `sudo` here drops its own arguments and, as the real one does, the environment.
const SUDO = `[ "$1 $2 $3 $4" = "-n -u agent --" ] || exit 9
shift 4; echo "$*" > "$(dirname "$0")/sudo-args"; exec env -i PATH="$PATH" HOME=/home/agent "$@"`

test('as another user: through sudo and timeout, the environment by stdin and in no argument', async () => {
  programs.addShell('sudo', SUDO)
  programs.add('claude', REPORT)
  const { env, stdin, args } = await report({
    osUser: 'agent',
    command: 'claude',
    apiKey: 'key-of-the-api',
    env: { WITH_SPACES: 'a b $(x) "q"', TWO_LINES: 'a\nb' },
    environment: {
      PATH: programs.searchPath,
      HOME: '/root',
      TMPDIR: '/var/ours',
      ANTHROPIC_BASE_URL: 'http://b',
    },
  })
  expect(env).toMatchObject({
    HOME: '/home/agent',
    ANTHROPIC_API_KEY: 'key-of-the-api',
    ANTHROPIC_BASE_URL: 'http://b',
  })
  expect(env).toMatchObject({ WITH_SPACES: 'a b $(x) "q"' })
  expect([env.TMPDIR, env.TWO_LINES, stdin]).toEqual([undefined, undefined, 'Look at this.'])
  expect(args).toContain('--bare')
  const sudoArgs = await programs.written('sudo-args')
  expect(sudoArgs).toMatch(/^timeout -k 5 50 /)
  expect(sudoArgs).not.toContain('key-of-the-api')
})

test('as another user: the inner timeout is a timeout, a missing program is missing', async () => {
  programs.addShell('sudo', SUDO)
  const other = { osUser: 'agent', command: 'claude' }
  await expect(ask(other)).rejects.toMatchObject({
    reason: 'agent_missing',
    message: expect.stringContaining('claude'),
  })
  programs.addShell('claude', 'sleep 1000')
  await expect(ask(other, { timeoutMs: 200 })).rejects.toMatchObject({ reason: 'agent_timeout' })
})

test('as another user: a sudo that asks for a password is told', async () => {
  programs.addShell('sudo', `echo 'sudo: a password is required' >&2; exit 1`)
  await expect(ask({ osUser: 'agent' })).rejects.toMatchObject({
    reason: 'agent_failed',
    message: expect.stringContaining('a password is required'),
  })
})
