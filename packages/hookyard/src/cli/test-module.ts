// `hookyard test-module`: a module's handler on a payload, with every effect captured and nothing sent; or, without
// a payload, the tests that lie beside it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { extname, join, resolve } from 'node:path'
import { environment } from '../config/env.ts'
import { ConfigError } from '../config/problem.ts'
import { readTextFile } from '../config/text-file.ts'
import { describeEvent } from '../entity/entity.ts'
import { failedFilter } from '../registry/filters.ts'
import type { Manifest } from '../registry/manifest.ts'
import { parseManifest } from '../registry/parse-manifest.ts'
import { MANIFEST_FILE } from '../registry/scan-modules.ts'
import { closedBox, moduleEnvironment, TRY_ENTRY } from '../run/box.ts'
import { boxedCommand } from '../run/boxed-command.ts'
import { findWalls } from '../run/find-walls.ts'
import type { RunModuleOptions, RunModuleResult, TestGitHub } from '@hookyard/sdk/testing'
import { checkWebhookEvent, parseJson, readSource } from './event-input.ts'
import { CommandFailure, UsageError } from './failure.ts'
import { print } from './print.ts'

export interface TestModuleCommand {
  readonly event?: string
  /** JSON. */
  readonly input?: string
  /** JSON: what `modules.NAME.config` would say. */
  readonly settings?: string
  /** JSON, else a text. */
  readonly agent?: string
  /** A JSON file: diff, files, comments, labels, contents … */
  readonly github?: string
  readonly json?: boolean
}

/** Runs the handler and prints what it did. @throws CommandFailure, UsageError, ConfigError */
export async function runTestModule(
  folder: string,
  file: string | undefined,
  options: TestModuleCommand,
): Promise<void> {
  const manifest = readManifest(resolve(folder))
  if (file === undefined && options.event === undefined && options.input === undefined) {
    return runTests(manifest, options.json)
  }
  if (file !== undefined && options.event === undefined) {
    throw new UsageError('a payload wants --event NAME: pull_request, issues, push …')
  }
  if (options.event !== undefined) checkWebhookEvent(options.event)
  const payload = file === undefined ? {} : parseJson(await readSource(file), file)
  const result = await runHandler(manifest, payload, options)
  const started = options.event === undefined ? null : startedBy(manifest, options.event, payload)
  const event = started && { would_start: started.against === null, ...started }
  print({ module: manifest.name, event, ...result }, options.json, () =>
    render(result, started?.against ?? null),
  )
  if (result.outcome.status === 'failed') throw new CommandFailure('the handler returned failed(…)')
}

/** @throws ConfigError with the manifest's problems */
function readManifest(folder: string): Manifest {
  const file = join(folder, MANIFEST_FILE)
  if (!existsSync(file)) throw new UsageError(`${folder} is no module: there is no ${MANIFEST_FILE} in it`)
  const read = readTextFile(file, 'a manifest')
  if ('problem' in read) throw new ConfigError([read.problem])
  const { manifest, problems } = parseManifest(read.text, file)
  if (manifest === null) throw new ConfigError(problems)
  return manifest
}

async function runHandler(
  manifest: Manifest,
  payload: unknown,
  { event, input, settings, agent, github }: TestModuleCommand,
): Promise<RunModuleResult> {
  const action = describeEvent(event ?? '', payload).action
  return tryHandler(manifest, {
    subject: manifest.subject,
    payload,
    ...(event === undefined ? {} : { event: action === null ? event : `${event}.${action}` }),
    ...(input === undefined ? {} : { input: parseJson(input, '--input') }),
    ...(settings === undefined ? {} : { config: parseJson(settings, '--settings') }),
    ...(agent === undefined ? {} : { agent: agentAnswer(agent) }),
    ...(github === undefined ? {} : { github: parseJson(await readSource(github), github) as TestGitHub }),
  })
}

/** JSON is an output, anything else a text. */
function agentAnswer(given: string): string | { output: unknown } {
  try {
    return { output: JSON.parse(given) as unknown }
  } catch {
    return given
  }
}

/** What stands against that this event starts the module in the service; null: nothing does. */
function startedBy(manifest: Manifest, event: string, payload: unknown): { against: string | null } {
  const { action } = describeEvent(event, payload)
  const matches = manifest.triggers.some(
    (trigger) =>
      trigger.type === 'webhook' &&
      trigger.event === event &&
      (trigger.actions === null || (action !== null && trigger.actions.includes(action))),
  )
  if (!matches) return { against: `no trigger names ${[event, action].filter(Boolean).join('.')}` }
  const filter = failedFilter(manifest.when, event, payload)
  return { against: filter === null ? null : `the filter \`${filter}\` does not hold` }
}

function render(
  { outcome, effects, messages, records, logs }: RunModuleResult,
  against: string | null,
): string {
  const { status, ...said } = outcome
  const lines = [
    `${status}: ${'summary' in said ? said.summary : 'reason' in said ? said.reason : said.question}`,
  ]
  for (const { verb, ...effect } of effects) lines.push(`  ${verb} ${JSON.stringify(effect)}`)
  for (const message of messages) lines.push(`  message ${JSON.stringify(message)}`)
  if (Object.keys(records).length > 0) lines.push(`  journal ${JSON.stringify(records)}`)
  for (const line of logs) lines.push(`  log ${line}`)
  if (against !== null) lines.push(`  but in the service this event would not start it: ${against}`)
  return `${lines.join('\n')}\n`
}

/** The tests beside the handler, by node's own runner; as JSON only whether they passed, its report goes to stderr. */
async function runTests({ dir, name }: Manifest, json: boolean | undefined): Promise<void> {
  const files = readdirSync(dir).filter((name) => /\.test\.[jt]s$/.test(name))
  if (files.length === 0) {
    throw new UsageError(
      `${dir} holds no *.test.ts; give a payload: hookyard test-module DIR --event NAME FILE.json`,
    )
  }
  const setup = new URL(`./module-test-setup${extname(import.meta.url)}`, import.meta.url).href
  const tests = spawn(
    process.execPath,
    ['--import', setup, '--test', ...files.map((name) => join(dir, name))],
    { stdio: json ? ['inherit', 2, 2] : 'inherit' },
  )
  const [code] = (await once(tests, 'exit')) as [number | null]
  print({ module: name, tests: files, passed: code === 0 }, json, () => '')
  if (code !== 0) throw new CommandFailure('a test has failed; it is told above')
}

type Answer = { readonly result: RunModuleResult } | { readonly threw: string }

/**
 * Tries the handler once, in a process behind the walls that this machine has, with nothing granted.
 * @throws CommandFailure with what the handler threw, or how its process ended
 */
async function tryHandler(manifest: Manifest, options: RunModuleOptions): Promise<RunModuleResult> {
  const env = environment()
  const { walls } = await findWalls('auto', env)
  const { handler, dir } = manifest
  const box = { ...closedBox(handler, walls), folder: dir }
  const boxed = boxedCommand(
    { handler, environment: moduleEnvironment(env), box },
    ['--disable-warning=ExperimentalWarning'],
    TRY_ENTRY,
  )
  try {
    const answer = await ask(boxed, dir, options)
    if ('threw' in answer) throw new CommandFailure(`the handler threw ${answer.threw}`)
    return answer.result
  } finally {
    boxed.end()
  }
}

/** What the handler prints goes to stderr: stdout is the command's own. */
function ask(
  { command: [program, ...args], environment: env }: ReturnType<typeof boxedCommand>,
  cwd: string,
  options: RunModuleOptions,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 2, 2, 'ipc'] })
    child.once('message', (answer) => {
      resolve(answer as Answer)
      child.kill('SIGKILL')
    })
    child.once('error', (error) =>
      reject(new CommandFailure(`its process could not be started: ${error.message}`)),
    )
    child.once('exit', (code, signal) => reject(new CommandFailure(`its process ended (${signal ?? code})`)))
    child.send(options)
  })
}
