// How many workers a module may have at a time, so that its hung runs leave one to the others.
import type { Module } from '../registry/manifest.ts'

/**
 * By module name: `max_workers`, else all but one while there is another module, whether its runs wait or not: a worker
 * that is taken is not given back when they come.
 */
export function workerCaps(modules: readonly Module[], concurrency: number): ReadonlyMap<string, number> {
  const enabled = modules.filter((module) => module.enabled)
  const usual = enabled.length > 1 ? Math.max(1, concurrency - 1) : concurrency
  return new Map(enabled.map(({ name, maxWorkers }) => [name, maxWorkers ?? usual]))
}
