// Module processes for a service in a test: its own children, behind the walls of this machine. What is the same in
// every test is done once: looking for the walls, inspecting the built-in modules, compiling what each process loads.
import { cpSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { requireWalls } from '../packages/hookyard/src/run/box-problems.ts'
import { closedBox } from '../packages/hookyard/src/run/box.ts'
import type { FoundWalls } from '../packages/hookyard/src/run/find-walls.ts'
import { type StartProcess, startHere } from '../packages/hookyard/src/run/module-link.ts'
import type { HandlerShape, ModuleProcess } from '../packages/hookyard/src/run/module-process.ts'
import {
  type ProcessPool,
  createProcessPool,
  type openPool,
} from '../packages/hookyard/src/run/process-pool.ts'

const builtins = resolve(import.meta.dirname, '..', 'modules')
const walls = new Map<string, Promise<FoundWalls>>()
const shapes = new Map<string, HandlerShape>()

/** As `openPool`, without a starter. */
export const openTestPool: typeof openPool = async (installation, log) => {
  const { config, env } = installation
  const key = `${config.isolation} ${env['PATH']}`
  const looking = walls.get(key) ?? requireWalls(installation, log)
  walls.set(key, looking)
  const found = await looking
  const keep = config.workers.concurrency
  const starter = { start: startAsImportant, close: () => Promise.resolve() }
  const pool = createProcessPool({ keep, environment: env, starter, walls: found.walls, log })
  return { pool: { ...pool, inspecting: (module) => inspectOnce(pool, module) }, walls: found }
}

/** A child of this process, which waits for it: at the low priority of a run it would wait for all other tests as well. */
const startAsImportant: StartProcess = (spec, events) => startHere({ ...spec, priority: 'normal' }, events)

/** A built-in handler is the same throughout a run: the second time it is not even started. */
function inspectOnce(pool: ProcessPool, module: Parameters<ProcessPool['inspecting']>[0]): ModuleProcess {
  const { handler } = module.manifest
  const shape = shapes.get(handler)
  if (shape && !shape.config) return neverStarted(shape)
  const process = pool.inspecting(module)
  if (!handler.startsWith(builtins)) return process
  const inspect = process.inspect.bind(process)
  process.inspect = async () => {
    const inspected = await inspect()
    shapes.set(handler, inspected)
    return inspected
  }
  return process
}

const neverStarted = (shape: HandlerShape): ModuleProcess => {
  const process: Partial<ModuleProcess> = {
    ...{ pid: 0, clean: false, fresh: false, noted: shape.files },
    inspect: () => Promise.resolve(shape),
    validate: () => Promise.reject(new Error('not started')),
    run: () => Promise.reject(new Error('not started')),
    kill: () => Promise.resolve(),
  }
  return process as ModuleProcess
}

let cacheToShare: string | undefined
const shared = () => join(tmpdir(), 'compiled-by-module-processes')

/**
 * Gives a handler that was just written what the processes of an earlier one have compiled: the service's own files and
 * the SDK. By itself each handler has a cache of its own, and each would compile all of it.
 */
export function warmCache(handler: string): void {
  const { cache } = closedBox(handler)
  if (cache === null) return
  if (existsSync(shared())) cpSync(shared(), cache, { recursive: true })
  else cacheToShare ??= cache
}

/** To be called once processes have run: from now on their cache is for all, in this run of the tests. */
export function shareCache(): void {
  if (cacheToShare === undefined || !existsSync(cacheToShare) || existsSync(shared())) return
  const copy = mkdtempSync(`${shared()}-`)
  try {
    cpSync(cacheToShare, copy, { recursive: true })
    renameSync(copy, shared())
  } catch {
    rmSync(copy, { recursive: true, force: true }) // another process was first
  }
}
