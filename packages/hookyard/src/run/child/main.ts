// The module process. Enters: a handler's path and runs over IPC. Leaves: outcomes. It holds no credentials
// and no database handle; whatever it wants of the world it asks of the broker at the other end.
import { flushCompileCache } from 'node:module'
import { pathToFileURL } from 'node:url'
import type { ModuleDefinition, SchemaIssue, StandardSchema } from '@hookyard/sdk/host'
import { PermanentError } from '@hookyard/sdk/host'
import type { RunInit, ToChild } from '../protocol.ts'
import { type Caller, createCaller, toWire } from './caller.ts'
import { temporaryFiles, watchResources } from './leftovers.ts'
import { keepFiles } from './kept-files.ts'
import { createModuleContext } from './module-context.ts'
import { resolveSdk } from './resolve-sdk.ts'

/** What the service has asked last, until it is answered. */
interface Session {
  readonly nonce: string
  readonly caller: Caller
  readonly abort: AbortController
}

/** The last word of a session. */
type Answer = Parameters<Caller['say']>[0]

const send = (message: unknown) => process.connected && process.send?.(message)
let session: Session | undefined
let loaded: Promise<ModuleDefinition> | undefined

resolveSdk()
const kept = keepFiles()
process.on('disconnect', () => process.exit(0))
process.on('uncaughtException', reportUncaught)
process.on('message', (message: ToChild) => receive(message))
const leftResources = watchResources()

function receive(message: ToChild): void {
  if (message.t === 'files') return kept.use(message.files)
  if (message.t === 'run') return void work(message.nonce, (own) => run(own, message.init))
  if (message.t === 'inspect') return void work(message.nonce, inspect)
  if (message.t === 'validate')
    return void work(message.nonce, () => validateOnly(message.what, message.value))
  // It may be about one that is over.
  if (session?.nonce !== message.nonce) return
  if (message.t === 'answer') session.caller.answer(message)
  else session.abort.abort(new Error(message.reason))
}

/** One session, from its question to what it leaves open. */
async function work(nonce: string, act: (own: Session) => Promise<Answer>): Promise<void> {
  const caller = createCaller(nonce, send)
  session = { nonce, caller, abort: new AbortController() }
  try {
    caller.say(await act(session))
  } catch (thrown) {
    caller.say({ t: 'threw', error: toWire(thrown) })
  }
  session = undefined
  const calls = caller.revoke()
  send({ t: 'idle', nonce, resources: [...(await leftResources()), ...temporaryFiles()], calls })
}

/** What a handler started and did not wait for fails outside of it: its run learns why, not an exit code alone. */
function reportUncaught(thrown: unknown): void {
  console.error(thrown)
  if (!session) process.exit(1)
  const { nonce, caller } = session
  caller.say({ t: 'threw', error: toWire(thrown) })
  send({ t: 'idle', nonce, resources: ['uncaughtException'], calls: caller.revoke() })
  // The service ends the process. Not at once here: an exit may overtake the messages.
  setTimeout(() => process.exit(1), 1_000)
}

async function run({ caller, abort }: Session, init: RunInit): Promise<Answer> {
  const records: Promise<unknown>[] = []
  const definition = await load()
  const context = createModuleContext({
    init,
    call: caller.call,
    signal: abort.signal,
    config: await parse(definition.config, init.config, 'config'),
    input: await parse(definition.input, init.input, 'input'),
    log: (level, text, fields) => caller.say({ t: 'log', level, message: text, fields }),
    records,
  })
  caller.say({ t: 'begin' })
  const outcome = await definition.handle(context as never)
  await Promise.all(records)
  return { t: 'outcome', outcome }
}

async function inspect(): Promise<Answer> {
  const definition = await load()
  return {
    t: 'inspected',
    subject: definition.subject ?? null,
    events: definition.events ? [...definition.events] : null,
    config: definition.config !== undefined,
    input: definition.input !== undefined,
    files: kept.noted(),
  }
}

async function validateOnly(what: 'config' | 'input', value: unknown): Promise<Answer> {
  const schema = (await load())[what] as StandardSchema | undefined
  const issues = (await schema?.['~standard'].validate(value))?.issues
  return { t: 'validated', issues: issues?.map(issueText) ?? null }
}

async function parse(schema: StandardSchema | undefined, value: unknown, what: string): Promise<unknown> {
  if (!schema) return value
  const result = await schema['~standard'].validate(value ?? {})
  if (!result.issues) return result.value
  const issues = result.issues.map(issueText).join('; ')
  throw new PermanentError(`the ${what} is not what the module expects: ${issues}`, {
    reason: `invalid_${what}`,
  })
}

function issueText({ path = [], message }: SchemaIssue): string {
  const keys = path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.')
  return keys ? `${keys}: ${message}` : message
}

// To what stands behind a wall a file is not there, or refused.
const OUTSIDE =
  ' (a module reads its own folder alone; what lies elsewhere has to be in `needs.read` of module.yaml, and granted)'
const LOAD_HINTS: Readonly<Record<string, string>> = {
  ERR_ACCESS_DENIED: OUTSIDE,
  ERR_MODULE_NOT_FOUND: OUTSIDE,
  ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING:
    ' (Node strips no types under node_modules: ship JavaScript in a package)',
}

/** Imports the handler once. */
function load(): Promise<ModuleDefinition> {
  // Now, since a process that is killed writes no cache.
  return (loaded ??= importHandler(process.argv[2] ?? '').finally(flushCompileCache))
}

async function importHandler(file: string): Promise<ModuleDefinition> {
  const failed = (says: string) => new PermanentError(`${file} ${says}`, { reason: 'load_failed' })
  const imported = await import(pathToFileURL(file).href).catch((thrown: unknown) => {
    const { message, code } = thrown as { message?: string; code?: string }
    throw failed(`could not be loaded: ${message ?? String(thrown)}${LOAD_HINTS[code ?? ''] ?? ''}`)
  })
  const definition = (imported as { default?: ModuleDefinition }).default
  if (typeof definition?.handle === 'function') return definition
  throw failed('has no default export with a handle function: export default defineModule({ … })')
}
