// What module processes of tests share, so that each starts in a third of the time.
import { cpSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { closedBox } from '../../src/run/box.ts'
import { startHere } from '../../src/run/module-link.ts'
import type { Starter } from '../../src/run/starter.ts'

/** Children of this process, which waits for them: at the low priority of a run they would wait for all other tests. */
export const ownStarter: Starter = {
  start: (spec, events) => startHere({ ...spec, priority: 'normal' }, events),
  close: () => Promise.resolve(),
}

let first: string | undefined

/**
 * Gives a handler that was just written what the processes of an earlier one have compiled: the service's own files and
 * the SDK. By itself each handler has a cache of its own, and each would compile all of it.
 */
export function warmCache(handler: string): void {
  const { cache } = closedBox(handler)
  if (cache === null) return
  const shared = join(tmpdir(), 'compiled-by-module-processes')
  if (!existsSync(shared) && first !== undefined && existsSync(first)) share(first, shared)
  if (existsSync(shared)) cpSync(shared, cache, { recursive: true })
  else first ??= cache
}

function share(cache: string, shared: string): void {
  const copy = mkdtempSync(`${shared}-`)
  try {
    cpSync(cache, copy, { recursive: true })
    renameSync(copy, shared)
  } catch {
    rmSync(copy, { recursive: true, force: true }) // another process was first
  }
}
