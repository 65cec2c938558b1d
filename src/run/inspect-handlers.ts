// What handlers declare, read in their own processes before anything runs: a handler that cannot be loaded, or
// that does not fit its manifest or its configuration, stops the start.
import { ConfigError, type Problem } from '../config/problem.ts'
import type { YamlSource } from '../config/yaml-source.ts'
import { toError } from '../errors.ts'
import { checkSubset } from '../registry/check-subset.ts'
import type { Module } from '../registry/manifest.ts'
import type { ProcessPool } from './process-pool.ts'

/** Processes at a time. */
const PARALLEL = 4

/**
 * Loads every enabled module's handler once.
 * @throws ConfigError with all problems of all handlers.
 */
export async function inspectHandlers(
  modules: readonly Module[],
  pool: ProcessPool,
  sources: ReadonlyMap<string, YamlSource> = new Map(),
): Promise<void> {
  const waiting = modules.filter((module) => module.enabled)
  const problems: Problem[] = []
  const work = async () => {
    for (let module = waiting.shift(); module; module = waiting.shift()) problems.push(...(await inspectHandler(module, pool, sources.get(module.name))))
  }
  await Promise.all(Array.from({ length: PARALLEL }, work))
  if (problems.length > 0) throw new ConfigError(problems)
}

/** The problems of one handler; an empty list when it fits. */
export async function inspectHandler(module: Module, pool: ProcessPool, source?: YamlSource): Promise<Problem[]> {
  const { handler } = module.manifest
  const problem = (key: string, found: string, expected: string): Problem => ({
    file: handler,
    line: 0,
    column: 0,
    key,
    found,
    expected,
    hint: null,
  })
  const process = pool.acquire(module)
  try {
    const shape = await process.inspect()
    const problems = checkSubset(module.manifest, shape.events ?? undefined, shape.subject ?? undefined, source)
    if (shape.config) {
      for (const issue of (await process.validate('config', module.config)) ?? []) {
        problems.push(problem(`modules.${module.name}.config`, issue, "what the handler's config schema allows"))
      }
    }
    return problems
  } catch (thrown) {
    return [problem('handler', toError(thrown).message, 'a handler that loads')]
  } finally {
    pool.release(process)
  }
}
