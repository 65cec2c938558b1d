// Module processes for a service in a test: its own children, behind the walls of this machine. What is the same in
// every test is done once: looking for the walls, inspecting the built-in modules.
import { resolve } from 'node:path'
import { requireWalls } from '../packages/hookyard/src/run/box-problems.ts'
import type { FoundWalls } from '../packages/hookyard/src/run/find-walls.ts'
import type { HandlerShape, ModuleProcess } from '../packages/hookyard/src/run/module-process.ts'
import {
  type ProcessPool,
  createProcessPool,
  type openPool,
} from '../packages/hookyard/src/run/process-pool.ts'
import { ownStarter } from '../packages/hookyard/testing/run/warm-start.ts'

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
  const pool = createProcessPool({ keep, environment: env, starter: ownStarter, walls: found.walls, log })
  return { pool: { ...pool, inspecting: (module) => inspectOnce(pool, module) }, walls: found }
}

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
