// `hookyard test-module`: a module's handler on a payload, with every effect captured and nothing sent; or, without
// a payload, the tests that lie beside it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { extname, join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { ConfigError } from '../config/problem.ts'
import { readTextFile } from '../config/text-file.ts'
import { describeEvent } from '../entity/entity.ts'
import { toError } from '../lib/errors.ts'
import { failedFilter } from '../registry/filters.ts'
import type { Manifest } from '../registry/manifest.ts'
import { parseManifest } from '../registry/parse-manifest.ts'
import { MANIFEST_FILE } from '../registry/scan-modules.ts'
import type { RunModuleResult, TestGitHub } from '@hookyard/sdk/testing'
import { CommandFailure, UsageError } from './failure.ts'
import { print } from './print.ts'
import { tryHandler } from './try-handler.ts'
import { checkWebhookEvent } from './webhook-event.ts'

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

async function readSource(file: string): Promise<string> {
  if (file === '-') return text(process.stdin)
  try {
    return await readFile(file, 'utf8')
  } catch (thrown) {
    throw new CommandFailure(`${file} cannot be read: ${toError(thrown).message}`)
  }
}

function parseJson(source: string, what: string): unknown {
  try {
    return JSON.parse(source) as unknown
  } catch (thrown) {
    throw new UsageError(`${what} is no JSON: ${toError(thrown).message}`)
  }
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
