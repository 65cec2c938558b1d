// Module processes, kept warm: a process serves one module and one repository, one run at a time, as long as it is clean.
import type { Log } from '../lib/log.ts'
import type { Module } from '../registry/manifest.ts'
import { closedBox } from './box.ts'
import { type ModuleProcess, startModuleProcess } from './module-process.ts'
import type { Priority } from './spawn-module.ts'
import type { Starter } from './starter.ts'

export interface ProcessPool {
  /**
   * A process of this module's own for this repository (null: for what is about none), warm when there is one.
   * @default the low priority of runs
   */
  acquire(
    module: Pick<Module, 'name' | 'manifest'>,
    repository: string | null,
    priority?: Priority,
  ): ModuleProcess
  /** Gives it back; an unclean one is killed instead. */
  release(process: ModuleProcess): void
  /** After a reload: idle processes end, busy ones end when they come back. */
  renew(): void
  /** Process ids of those that are at work. */
  busy(): readonly number[]
  close(): Promise<void>
}

/** How long an idle process is kept, in ms. */
const IDLE_MS = 60_000

export interface PoolOptions {
  /** So many idle processes at most. */
  readonly keep: number
  readonly environment: NodeJS.ProcessEnv
  /** Starts the processes, and ends with the pool. Without it they are children of this process. */
  readonly starter?: Starter
  /** Hears of a process that says what it must not. */
  readonly log?: Log
}

/** Whom a process serves. */
interface Lot {
  readonly handler: string
  readonly repository: string | null
  readonly generation: number
}

/** Starts with no process at all. */
export function createProcessPool(options: PoolOptions): ProcessPool {
  const idle: { process: ModuleProcess; lot: Lot; timer: NodeJS.Timeout }[] = []
  const lots = new Map<ModuleProcess, Lot>()
  let generation = 0

  const drop = (process: ModuleProcess) => {
    lots.delete(process)
    return process.kill()
  }
  const dropIdle = (index: number) => {
    const [slot] = idle.splice(index, 1)
    if (!slot) return Promise.resolve()
    clearTimeout(slot.timer)
    return drop(slot.process)
  }

  return {
    acquire(module, repository, priority = 'low') {
      const { handler } = module.manifest
      for (let index = idle.length - 1; index >= 0; index -= 1) {
        const slot = idle[index]
        if (slot?.lot.handler !== handler) continue
        if (slot.lot.repository !== repository && !slot.process.fresh) continue
        clearTimeout(slot.timer)
        idle.splice(index, 1)
        if (slot.process.clean) {
          lots.set(slot.process, { ...slot.lot, repository })
          return slot.process
        }
        void drop(slot.process)
      }
      const { environment, starter, log } = options
      const process = startModuleProcess(
        { handler, environment, priority, box: closedBox(handler) },
        starter?.start,
        log,
      )
      lots.set(process, { handler, repository, generation })
      return process
    },
    release(process) {
      const lot = lots.get(process)
      if (!lot || !process.clean || lot.generation !== generation) return void drop(process)
      if (idle.length >= options.keep) void dropIdle(0)
      const timer = setTimeout(() => {
        const index = idle.findIndex((slot) => slot.process === process)
        if (index >= 0) void dropIdle(index)
      }, IDLE_MS)
      timer.unref()
      idle.push({ process, lot, timer })
    },
    renew() {
      generation += 1
      while (idle.length > 0) void dropIdle(0)
    },
    busy: () =>
      [...lots.keys()]
        .filter((process) => !idle.some((slot) => slot.process === process))
        .map(({ pid }) => pid)
        .filter((pid) => pid !== 0),
    async close() {
      const all = [...lots.keys()]
      for (const slot of idle.splice(0)) clearTimeout(slot.timer)
      await Promise.all(all.map(drop))
      await options.starter?.close()
    },
  }
}
