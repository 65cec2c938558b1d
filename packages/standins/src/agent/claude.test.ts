// The scripted agent is a program like `claude`: the same command line, the same JSON, the same exit codes.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { Ajv } from 'ajv'
import { expect, onTestFinished, test } from 'vitest'
import { standinAgent } from './program.ts'

const USUAL = ['-p', '--output-format', 'json', '--model', 'sonnet', '--max-budget-usd', '1.0000']
const CLOSED = ['--tools', '', '--strict-mcp-config', '--no-session-persistence']

interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

function start(args: readonly string[], prompt: string, env: Record<string, string> = {}) {
  // As the service starts it: found on the PATH, in a process group of its own, with a small environment.
  const path = [dirname(standinAgent()), dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter)
  const child = spawn('claude', [...args], { env: { PATH: path, ...env }, detached: true })
  child.stdin.on('error', () => undefined)
  child.stdin.end(prompt)
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const ended = new Promise<Outcome>((resolve) =>
    child.on('close', (code) => resolve({ code, stdout, stderr })),
  )
  return { child, ended }
}

const run = (args: readonly string[], prompt: string, env?: Record<string, string>) =>
  start(args, prompt, env).ended

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'hookyard-standin-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

function scripted(entries: unknown): Record<string, string> {
  const file = join(folder(), 'script.json')
  writeFileSync(file, JSON.stringify(entries))
  return { HOOKYARD_STANDIN_SCRIPT: file }
}

const result = ({ stdout }: Outcome) => JSON.parse(stdout) as Record<string, unknown>

const DIFF = `diff --git a/src/a.ts b/src/a.ts
--- a/src/a.ts
+++ b/src/a.ts
@@ -1,2 +1,5 @@
 const a = 1
+console.log(a)
+const password = 'hunter22'
+eval(input)
 export { a }
`
const box = (name: string, text: string) => `<<<BEGIN ${name} abc123>>>\n${text}\n<<<END ${name} abc123>>>`

test('tells its version', async () => {
  expect(await run(['--version'], '')).toEqual({ code: 0, stdout: '2.1.330 (Claude Code)\n', stderr: '' })
})

test.each<[string, string[], string, string]>([
  ['an unknown flag', ['-p', '--max-budget', '1'], 'x', "error: unknown option '--max-budget'"],
  ['a flag without its value', ['-p', '--model'], 'x', "error: option '--model"],
  ['an unknown format', ['-p', '--output-format', 'yaml'], 'x', "argument 'yaml' is invalid"],
  ['a budget of nothing', ['-p', '--max-budget-usd', '0'], 'x', 'must be a positive number'],
  ['a broken schema', ['-p', '--json-schema', '{'], 'x', '--json-schema must be a valid JSON object'],
  ['no prompt', ['-p'], ' \n', 'Input must be provided'],
  ['no -p', ['--output-format', 'json'], 'x', 'Input must be provided'],
])('refuses %s', async (_, args, prompt, message) => {
  const { code, stdout, stderr } = await run(args, prompt)
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toContain(message)
})

test('reviews a diff as Markdown, with file and line', async () => {
  const outcome = await run([...USUAL, ...CLOSED], `Review this.\n\n${box('diff', DIFF)}\n\nThank you.`)
  expect(outcome).toMatchObject({ code: 0, stderr: '' })
  expect(result(outcome)).toMatchObject({
    type: 'result',
    subtype: 'success',
    is_error: false,
    num_turns: 1,
    total_cost_usd: 0.0123,
    usage: { input_tokens: expect.any(Number) as number, output_tokens: expect.any(Number) as number },
  })
  const text = String(result(outcome).result)
  expect(text).toContain('adds 3 lines in 1 file; 3 places should be fixed')
  expect([...text.matchAll(/`(src\/a\.ts:\d+)` (.*?)\./g)].map(([, place, title]) => [place, title])).toEqual(
    [
      ['src/a.ts:3', 'Hard-coded credential'],
      ['src/a.ts:4', 'Runs text as code'],
      ['src/a.ts:2', 'Debugging output left in'],
    ],
  )
})

test('answers a schema with what fits it', async () => {
  const finding = {
    type: 'object',
    required: ['path', 'line', 'severity', 'body', 'confidence'],
    additionalProperties: false,
    properties: {
      path: { type: 'string' },
      line: { type: ['integer', 'null'] },
      severity: { enum: ['critical', 'warning', 'suggestion'] },
      body: { type: 'string', minLength: 1 },
      confidence: { type: 'number', minimum: 0.5 },
    },
  }
  const schema = {
    type: 'object',
    required: ['summary', 'comments', 'mood'],
    additionalProperties: false,
    properties: {
      summary: { type: 'string' },
      comments: { type: 'array', items: finding },
      mood: { enum: ['good', 'bad'] },
    },
  }
  const outcome = await run([...USUAL, '--json-schema', JSON.stringify(schema)], box('diff', DIFF))
  const { structured_output: output } = result(outcome)
  expect(new Ajv({ strict: false }).validate(schema, output)).toBe(true)
  expect(output).toMatchObject({ comments: [{ path: 'src/a.ts', line: 3 }, { line: 4 }, { line: 2 }] })
})

test('triages an issue with labels that the repository has', async () => {
  const prompt = [
    box('title', 'Spelling error in the README'),
    box('body', 'It looks like you have written "commit" with three m’s, could you fix that?'),
    box('labels of the repository', 'Bug: Something is wrong\nwontfix\ndocumentation'),
    box('related issues', '#4 (open) Spelling error in README [Bug]\n#9 (closed) Something else'),
  ].join('\n\n')
  const properties = Object.fromEntries(
    ['labels', 'duplicate_of', 'related', 'summary', 'priority', 'status', 'missing_info'].map((name) => [
      name,
      {},
    ]),
  )
  const schema = { type: 'object', required: ['summary'], properties }
  const { structured_output } = result(await run([...USUAL, '--json-schema', JSON.stringify(schema)], prompt))
  expect(structured_output).toMatchObject({
    labels: ['Bug', 'documentation'],
    duplicate_of: 4,
    related: [9],
    priority: 'medium',
    status: 'ready',
  })
})

test('the order of keys differs from prompt to prompt, and stays for one', async () => {
  const keys = async (prompt: string) => Object.keys(result(await run(USUAL, prompt))).join()
  const [first, again, other] = await Promise.all([keys('one'), keys('one'), keys('two')])
  expect(again).toBe(first)
  expect(other).not.toBe(first)
  expect(other.split(',').sort()).toEqual(first.split(',').sort())
})

test('answers from a script: the first entry that matches, each as often as it may', async () => {
  const env = scripted([
    { match: 'broken', garbage: 'Segmentation fault', exit: 139 },
    {
      match: 'once',
      times: 1,
      exit: 1,
      stderr: 'overloaded',
      is_error: true,
      result: 'Overloaded',
      api_error_status: 529,
    },
    { match: 'dear', result: 'x', cost: 2 },
    { match: 'hello|once', result: 'scripted', structured_output: { a: 1 }, cost: 0.5, delay_ms: 1 },
  ])
  expect(await run(USUAL, 'broken', env)).toMatchObject({ code: 139, stdout: 'Segmentation fault\n' })
  const failed = await run(USUAL, 'once', env)
  expect([failed.code, failed.stderr, result(failed)]).toMatchObject([
    1,
    'overloaded\n',
    { is_error: true, api_error_status: 529 },
  ])
  const schema = ['--json-schema', '{"type":"object"}']
  expect(result(await run([...USUAL, ...schema], 'once', env))).toMatchObject({
    structured_output: { a: 1 },
    total_cost_usd: 0.5,
  })
  const dear = await run(USUAL, 'dear', env)
  expect([dear.code, result(dear)]).toMatchObject([
    1,
    { subtype: 'error_max_budget_usd', is_error: true, total_cost_usd: 2 },
  ])
  expect(result(dear)).not.toHaveProperty('result')
  expect(await run(['-p'], 'HELLO', env)).toMatchObject({ code: 0, stdout: 'scripted\n' })
  expect(result(await run(USUAL, 'nothing that matches', env))).toMatchObject({ subtype: 'success' })
})

test('waits at the gate until it is opened, and says that it does', async () => {
  const gate = join(folder(), 'gate')
  const { ended } = start(USUAL, 'hello', { HOOKYARD_STANDIN_GATE: gate })
  await expect.poll(() => existsSync(`${gate}.waiting`), { timeout: 30_000 }).toBe(true)
  writeFileSync(gate, '')
  expect((await ended).code).toBe(0)
  expect(existsSync(`${gate}.waiting`)).toBe(false)
})

test('one that hangs says nothing more, and dies with its group', async () => {
  const { child, ended } = start(USUAL, 'x', scripted([{ hang: true, stderr: 'thinking' }]))
  await new Promise((resolve) => child.stderr.once('data', resolve))
  process.kill(-(child.pid ?? 0), 'SIGKILL')
  expect(await ended).toEqual({ code: null, stdout: '', stderr: 'thinking\n' })
})
