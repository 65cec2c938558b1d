// What handlers declare, read in their own processes before anything runs: a handler that cannot be loaded, or
// that does not fit its manifest or its configuration, stops the start.
import { ConfigError, type Problem, problemAt } from '../config/problem.ts'
import type { YamlSource } from '../config/yaml-source.ts'
import { toError } from '../lib/errors.ts'
import { checkSubset } from '../registry/check-subset.ts'
import type { Module } from '../registry/manifest.ts'
import type { BoxCheck } from './box-problems.ts'
import type { HandlerShape, ModuleProcess } from './module-process.ts'
import type { ProcessPool } from './process-pool.ts'

/** Processes at a time. */
const PARALLEL = 4

/** Handlers by module name. */
export type HandlerShapes = ReadonlyMap<string, HandlerShape>

/**
 * Loads every enabled module's handler once, and answers what they declare.
 * @throws ConfigError with all problems of all handlers.
 */
export async function inspectHandlers(
  modules: readonly Module[],
  pool: ProcessPool,
  sources: ReadonlyMap<string, YamlSource> = new Map(),
  boxCheck: BoxCheck = () => [],
): Promise<HandlerShapes> {
  const shapes = new Map<string, HandlerShape>()
  const waiting = modules.filter((module) => module.enabled)
  const problems: Problem[] = []
  const work = async () => {
    for (let module = waiting.shift(); module; module = waiting.shift()) {
      const refused = boxCheck(module)
      problems.push(...refused)
      if (refused.length > 0) continue
      const process = pool.inspecting(module)
      problems.push(...(await inspectHandler(module, process, shapes, sources.get(module.name))))
      pool.release(process)
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, work))
  if (problems.length > 0) throw new ConfigError(problems)
  return shapes
}

/**
 * The sentences that a handler's own `input` schema has against a value; null when it fits or there is none.
 * @throws PermanentError when the handler cannot be loaded.
 */
export async function checkHandlerInput(
  module: Module,
  input: unknown,
  shapes: HandlerShapes,
  pool: ProcessPool,
): Promise<readonly string[] | null> {
  if (!shapes.get(module.name)?.input) return null
  const process = pool.acquire(module, null, 'normal')
  try {
    return await process.validate('input', input ?? {})
  } finally {
    pool.release(process)
  }
}

/** The problems of one handler; an empty list when it fits. */
async function inspectHandler(
  { name, manifest, config }: Module,
  process: ModuleProcess,
  shapes: Map<string, HandlerShape>,
  source?: YamlSource,
): Promise<Problem[]> {
  const problem = (key: string, found: string, expected: string) =>
    problemAt({ file: manifest.handler, line: 0, column: 0, key }, { found, expected })
  try {
    const shape = await process.inspect()
    shapes.set(name, shape)
    const issues = shape.config ? await process.validate('config', config) : null
    return [
      ...checkSubset(manifest, shape.events ?? undefined, shape.subject ?? undefined, source),
      ...(issues ?? []).map((issue) =>
        problem(`modules.${name}.config`, issue, "what the handler's config schema allows"),
      ),
    ]
  } catch (thrown) {
    return [problem('handler', toError(thrown).message, 'a handler that loads')]
  }
}
