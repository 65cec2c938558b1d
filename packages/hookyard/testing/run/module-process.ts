// For tests: handlers written on the spot, in processes that end with their test.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'vitest'
import { ownStarter, warmCache } from './warm-start.ts'
import type { Log } from '../../src/lib/log.ts'
import { type Box, closedBox } from '../../src/run/box.ts'
import { findWalls } from '../../src/run/find-walls.ts'
import type { StartProcess } from '../../src/run/module-link.ts'
import { ModuleProcess } from '../../src/run/module-process.ts'
import type { RunInit } from '../../src/run/protocol.ts'
import type { RunHandlers } from '../../src/run/session.ts'
import type { StartSpec } from '../../src/run/spawn-module.ts'

/** The walls of this machine. */
export const { walls, reason } = await findWalls('auto', process.env)
if (walls.namespace === null && process.env['HOOKYARD_REQUIRE_NAMESPACE'])
  throw new Error(`there is no namespace here: ${reason}`)

/** A test that needs a namespace: skipped where there is none, which its name tells. */
export const testInNamespace = (name: string, run: () => Promise<void>): void =>
  walls.namespace === null ? test.skip(`${name} (skipped, no namespace: ${reason})`, run) : test(name, run)

const started: ModuleProcess[] = []

/** For afterEach. */
export async function endStarted(): Promise<void> {
  await Promise.all(started.splice(0).map((process) => process.kill()))
}

/** A handler file with this text. */
export function writeHandler(text: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'hookyard-module-')), 'handler.ts')
  writeFileSync(file, text)
  warmCache(file)
  return file
}

/** What to start for a handler file to which nothing was granted. */
export const specOf = (file: string, environment: NodeJS.ProcessEnv = process.env): StartSpec => ({
  handler: file,
  environment,
  priority: 'low',
  box: closedBox(file),
})

/** The process of a handler with this text. */
export function start(
  text: string,
  environment: NodeJS.ProcessEnv = process.env,
  way?: StartProcess,
  log?: Log,
): ModuleProcess {
  return startBoxed(specOf(writeHandler(text), environment), {}, way, log)
}

/** The process of a handler with this text, behind all walls of this machine, which may run these programs. */
export const startRunning = (text: string, run: readonly string[], way?: StartProcess): ModuleProcess =>
  startBoxed(specOf(writeHandler(text)), { run, walls }, way)

function startBoxed(
  spec: StartSpec,
  box: Partial<Box>,
  way: StartProcess = ownStarter.start,
  log?: Log,
): ModuleProcess {
  const made = new ModuleProcess({ ...spec, box: { ...spec.box, ...box } }, way, log)
  started.push(made)
  return made
}

/** Text of a function by which a handler learns the nonce of its run, to speak past the SDK. */
export const NONCE_OF = `
  const nonceOf = (ctx) => {
    const { send } = process
    let nonce
    process.send = (message) => ((nonce = message.nonce), true)
    ctx.log.debug('')
    process.send = send
    return nonce
  }
`

/** A handler file whose handler does this; `outside` stands beside it, and lives as long as its process. */
export const handler = (body: string, outside = ''): string => `
  import { defineModule, done, skipped, PermanentError } from '@hookyard/sdk'
  ${NONCE_OF}
  ${outside}
  export default defineModule({ async handle(ctx) { ${body} } })
`

/** A run about nothing. */
export const init = (more: Partial<RunInit> = {}): RunInit => ({
  runId: 'r1',
  module: 'm',
  attempt: 1,
  trigger: { type: 'invoke', event: null, action: null, by: null, at: '1970-01-01T00:00:00.000Z', data: {} },
  input: {},
  config: {},
  entity: '-',
  recipients: ['alice'],
  state: null,
  subject: { kind: 'none', pr: null, issue: null, repo: null },
  repository: null,
  githubApiUrl: 'https://api.github.com',
  ...more,
})

/** Answers every call with null. */
export const deaf: RunHandlers = { onCall: () => Promise.resolve(null), onLog: () => undefined }

/** Hears what the handler notifies. */
export const hearing = (onNotify: (text: string) => void): RunHandlers => ({
  ...deaf,
  onCall(_method, params) {
    onNotify((params as { text: string }).text)
    return Promise.resolve(null)
  },
})

/** A signal that is never aborted. */
export const never = new AbortController().signal

/** Whether a process runs; one that has ended and that nobody has asked about does not. */
export function isAlive(pid: number): boolean {
  try {
    return !execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).startsWith('Z')
  } catch {
    return false
  }
}

/** Collects log lines; a call of the handler is answered once there are so many. */
export function listening(count: number): RunHandlers & { readonly lines: string[][] } {
  const lines: string[][] = []
  const enough = Promise.withResolvers<void>()
  return {
    lines,
    onCall: () => enough.promise,
    onLog(level, message) {
      lines.push([level, message])
      if (lines.length === count) enough.resolve()
    },
  }
}
