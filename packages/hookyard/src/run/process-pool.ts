// Module processes, kept warm: a process serves one module and one repository, one run at a time, as long as it is clean.
import type { Log } from '../lib/log.ts'
import type { Module } from '../registry/manifest.ts'
import { boxOf, PERMISSION_ALONE, type Walls } from './box.ts'
import { type HandlerShape, type ModuleProcess, startModuleProcess } from './module-process.ts'
import type { Priority } from './spawn-module.ts'
import type { Starter } from './starter.ts'

export interface ProcessPool {
  /**
   * A process of this module's own for this repository (null: for what is about none), warm when there is one.
   * @default the low priority of runs
   */
  acquire(
    module: Pick<Module, 'name' | 'manifest' | 'granted'>,
    repository: string | null,
    priority?: Priority,
  ): ModuleProcess
  /**
   * A process that loads what is on the disk now, for an inspection; it serves runs once what it loaded is served. In a
   * namespace it alone may write the module's compile cache, so there it ends when it is given back.
   */
  inspecting(module: Pick<Module, 'name' | 'manifest' | 'granted'>): ModuleProcess
  /** Gives it back; an unclean one is killed instead. */
  release(process: ModuleProcess): void
  /**
   * From now on these handlers are served, by module name, as they were inspected; before the first call: those on
   * the disk. Idle processes with others end, busy ones end when they come back.
   */
  serve(handlers: ReadonlyMap<string, Pick<HandlerShape, 'files'>>): void
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
  /** What stands around them. @default Node's permission model alone */
  readonly walls?: Walls
  /** Hears of a process that says what it must not. */
  readonly log?: Log
}

/** Whom a process serves. */
interface Lot {
  readonly module: string
  readonly handler: string
  /** What it loads; null: what was on the disk. */
  readonly files: HandlerShape['files']
  readonly repository: string | null
  readonly generation: number
  readonly inspects: boolean
}

/** Starts with no process at all. */
export function createProcessPool(options: PoolOptions): ProcessPool {
  const idle: { process: ModuleProcess; lot: Lot; timer: NodeJS.Timeout }[] = []
  const lots = new Map<ModuleProcess, Lot>()
  const { walls = PERMISSION_ALONE } = options
  let served: ReadonlyMap<string, Pick<HandlerShape, 'files'>> = new Map()
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

  const start = (
    module: Pick<Module, 'name' | 'manifest' | 'granted'>,
    priority: Priority,
    lot: Omit<Lot, 'module' | 'handler'>,
  ) => {
    const { name, manifest } = module
    const { handler } = manifest
    const { environment, starter, log } = options
    const box = { ...boxOf(module, walls), writesCache: lot.inspects }
    const spec = { handler, environment, priority, box }
    const process = startModuleProcess(spec, starter?.start, log, lot.files)
    lots.set(process, { ...lot, module: name, handler })
    return process
  }
  const filesOf = (name: string) => served.get(name)?.files ?? null
  /** Of what was on the disk at its start nobody knows whether it is what is served now. */
  const isServed = (process: ModuleProcess, { module, inspects, files, generation: since }: Lot) => {
    const loaded = inspects ? process.noted : files
    return loaded === null ? !inspects && since === generation : loaded === filesOf(module)
  }
  /** What a reload has inspected waits for being served, if there is room. */
  const mayWait = (process: ModuleProcess, { inspects }: Lot) =>
    inspects && process.noted !== null && idle.length < options.keep

  return {
    inspecting: (module) =>
      start(module, 'normal', { repository: null, files: null, generation, inspects: true }),
    acquire(module, repository, priority = 'low') {
      const { handler } = module.manifest
      for (let index = idle.length - 1; index >= 0; index -= 1) {
        const slot = idle[index]
        if (slot?.lot.handler !== handler || !isServed(slot.process, slot.lot)) continue
        if (slot.lot.repository !== repository && !slot.process.fresh) continue
        clearTimeout(slot.timer)
        idle.splice(index, 1)
        if (slot.process.clean) {
          lots.set(slot.process, { ...slot.lot, repository })
          return slot.process
        }
        void drop(slot.process)
      }
      const lot = { repository, files: filesOf(module.name), generation, inspects: false }
      return start(module, priority, lot)
    },
    release(process) {
      const lot = lots.get(process)
      if (!lot || !process.clean || (lot.inspects && walls.namespace)) return void drop(process)
      if (!isServed(process, lot) && !mayWait(process, lot)) return void drop(process)
      if (idle.length >= options.keep) void dropIdle(0)
      const timer = setTimeout(() => {
        const index = idle.findIndex((slot) => slot.process === process)
        if (index >= 0) void dropIdle(index)
      }, IDLE_MS)
      timer.unref()
      idle.push({ process, lot, timer })
    },
    serve(handlers) {
      served = handlers
      generation += 1
      for (let index = idle.length - 1; index >= 0; index -= 1) {
        const slot = idle[index]
        if (slot && !isServed(slot.process, slot.lot)) void dropIdle(index)
      }
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
