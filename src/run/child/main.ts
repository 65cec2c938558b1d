// The module process. Enters: a handler's path and runs over IPC. Leaves: outcomes. It holds no credentials
// and no database handle; whatever it wants of the world it asks of the broker at the other end.
import { flushCompileCache } from 'node:module'
import { pathToFileURL } from 'node:url'
import type { ModuleDefinition, SchemaIssue, StandardSchema } from '../../sdk/define-module.ts'
import { PermanentError } from '../../sdk/errors.ts'
import type { RunInit, ToChild } from '../protocol.ts'
import { createCaller, toWire } from './caller.ts'
import { createModuleContext } from './module-context.ts'
import { resolveSdk } from './resolve-sdk.ts'
import { followParent } from './watchdog.ts'

// The channel is ours: a module's own process.send would only confuse its own run.
const send = (message: unknown) => process.connected && process.send?.(message)
const caller = createCaller(send)
let abort = new AbortController()
let loaded: Promise<ModuleDefinition> | undefined
/** Whether the service waits for this process. */
let atWork = false

followParent()
resolveSdk()
process.on('disconnect', () => process.exit(0))
process.on('uncaughtException', reportUncaught)
process.on('message', (message: ToChild) => void receive(message))

async function receive(message: ToChild): Promise<void> {
  switch (message.t) {
    case 'answer':
      return caller.answer(message)
    case 'abort':
      return abort.abort(new Error(message.reason))
    case 'run':
      return work(run(message.init))
    case 'inspect':
      return work(inspect())
    case 'validate':
      return work(validateOnly(message.what, message.value))
  }
}

async function work(asked: Promise<void>): Promise<void> {
  atWork = true
  await asked
  atWork = false
}

/** What a handler started and did not wait for fails outside of it: its run learns why, not an exit code alone. */
function reportUncaught(thrown: unknown): void {
  console.error(thrown)
  if (!atWork) process.exit(1)
  send({ t: 'threw', error: toWire(thrown), leftovers: 1 })
  // The service ends a process with leftovers. Not at once here: an exit may overtake the message.
  setTimeout(() => process.exit(1), 1_000)
}

async function run(init: RunInit): Promise<void> {
  abort = new AbortController()
  const before = process.getActiveResourcesInfo().length
  // What a handler leaves behind (timers, sockets) says that this process is not clean enough for another run.
  const leftovers = () => Math.max(0, process.getActiveResourcesInfo().length - before)
  const records: Promise<unknown>[] = []
  try {
    const definition = await load()
    const context = createModuleContext({
      init,
      call: caller.call,
      signal: abort.signal,
      config: await parse(definition.config, init.config, 'config'),
      input: await parse(definition.input, init.input, 'input'),
      log: (level, text, fields) => send({ t: 'log', level, message: text, fields }),
      records,
    })
    send({ t: 'begin' })
    const outcome = await definition.handle(context as never)
    await Promise.all(records)
    sendOutcome(outcome, leftovers())
  } catch (thrown) {
    send({ t: 'threw', error: toWire(thrown), leftovers: leftovers() })
  }
}

/** An outcome travels, is stored and shown as JSON; one that cannot will not be better at the next attempt. */
function sendOutcome(outcome: unknown, leftovers: number): void {
  try {
    send({ t: 'outcome', outcome, leftovers })
  } catch (thrown) {
    const [why] = (thrown as Error).message.split('\n', 1)
    throw new PermanentError(`the handler's outcome is no JSON: ${why}`, { reason: 'invalid_outcome' })
  }
}

async function inspect(): Promise<void> {
  try {
    const definition = await load()
    send({
      t: 'inspected',
      subject: definition.subject ?? null,
      events: definition.events ? [...definition.events] : null,
      config: definition.config !== undefined,
      input: definition.input !== undefined,
    })
  } catch (thrown) {
    send({ t: 'threw', error: toWire(thrown), leftovers: 0 })
  }
}

async function validateOnly(what: 'config' | 'input', value: unknown): Promise<void> {
  try {
    const schema = (await load())[what] as StandardSchema | undefined
    const result = schema ? await schema['~standard'].validate(value) : { value }
    if (result.issues) send({ t: 'validated', value: null, issues: result.issues.map(issueText) })
    else send({ t: 'validated', value: result.value, issues: null })
  } catch (thrown) {
    send({ t: 'threw', error: toWire(thrown), leftovers: 0 })
  }
}

async function parse(schema: StandardSchema | undefined, value: unknown, what: string): Promise<unknown> {
  if (!schema) return value
  const result = await schema['~standard'].validate(value ?? {})
  if (!result.issues) return result.value
  throw new PermanentError(
    `the ${what} is not what the module expects: ${result.issues.map(issueText).join('; ')}`,
    {
      reason: `invalid_${what}`,
    },
  )
}

function issueText(issue: SchemaIssue): string {
  const path = issue.path
    ?.map((part) => (typeof part === 'object' ? String(part.key) : String(part)))
    .join('.')
  return path ? `${path}: ${issue.message}` : issue.message
}

/** Imports the handler once. */
function load(): Promise<ModuleDefinition> {
  // Now, since a process that is killed writes no cache.
  return (loaded ??= importHandler(process.argv[2] ?? '').finally(flushCompileCache))
}

async function importHandler(file: string): Promise<ModuleDefinition> {
  let imported: { default?: unknown }
  try {
    imported = (await import(pathToFileURL(file).href)) as { default?: unknown }
  } catch (thrown) {
    const { message, code } = thrown as { message?: string; code?: string }
    const hint =
      code === 'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING'
        ? ' (Node strips no types under node_modules: ship JavaScript in a package)'
        : ''
    throw new PermanentError(`${file} could not be loaded: ${message ?? String(thrown)}${hint}`, {
      reason: 'load_failed',
    })
  }
  const definition = imported.default as ModuleDefinition | undefined
  if (typeof definition?.handle !== 'function') {
    throw new PermanentError(
      `${file} has no default export with a handle function: export default defineModule({ … })`,
      {
        reason: 'load_failed',
      },
    )
  }
  return definition
}
