// Module processes, kept warm: a process serves one module and one repository, one run at a time, as long as it is clean.
import type { Config } from '../config/config.ts'
import type { Log } from '../lib/log.ts'
import type { Module } from '../registry/manifest.ts'
import { boxOf, PERMISSION_ALONE, type Walls } from './box.ts'
import { type WallsQuestion, requireWalls } from './box-problems.ts'
import { type HandlerShape, ModuleProcess } from './module-process.ts'
import type { Priority } from './spawn-module.ts'
import { type Starter, createStarter } from './starter.ts'

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

type Served = Pick<Module, 'name' | 'manifest' | 'granted'>
type Handlers = ReadonlyMap<string, Pick<HandlerShape, 'files'>>

/** Whom a process serves. */
interface Lot {
  readonly module: string
  readonly handler: string
  readonly repository: string | null
  readonly inspects: boolean
  /** What it loads; null: what was on the disk. */
  readonly files: HandlerShape['files']
  readonly generation: number
  /** Of an idle one: ends it. */
  readonly idle?: NodeJS.Timeout
}

export type ProcessPool = ReturnType<typeof createProcessPool>

/** Starts with no process at all. */
export function createProcessPool({
  keep,
  environment,
  starter,
  walls = PERMISSION_ALONE,
  log,
}: PoolOptions) {
  /** Idle ones in the order in which they were given back. */
  const lots = new Map<ModuleProcess, Lot>()
  let served: Handlers = new Map()
  let generation = 0

  const idle = () => [...lots].filter(([, lot]) => lot.idle !== undefined)
  const drop = (process: ModuleProcess) => {
    clearTimeout(lots.get(process)?.idle)
    lots.delete(process)
    return process.kill()
  }
  const filesOf = (name: string) => served.get(name)?.files ?? null
  const start = (module: Served, priority: Priority, repository: string | null, inspects: boolean) => {
    const { handler } = module.manifest
    const files = inspects ? null : filesOf(module.name)
    const box = { ...boxOf(module, walls), writesCache: inspects }
    const process = new ModuleProcess({ handler, environment, priority, box }, starter?.start, log, files)
    lots.set(process, { module: module.name, handler, repository, inspects, files, generation })
    return process
  }
  /** Of what was on the disk at its start nobody knows whether it is what is served now. */
  const isServed = (process: ModuleProcess, { module, inspects, files, generation: since }: Lot) => {
    const loaded = inspects ? process.noted : files
    return loaded === null ? !inspects && since === generation : loaded === filesOf(module)
  }

  return {
    /**
     * A process that loads what is on the disk now, for an inspection; it serves runs once what it loaded is served. In a
     * namespace it alone may write the module's compile cache, so there it ends when it is given back.
     */
    inspecting: (module: Served) => start(module, 'normal', null, true),
    /** A process of this module's own for this repository (null: for what is about none), warm when there is one. */
    acquire(module: Served, repository: string | null, priority: Priority = 'low'): ModuleProcess {
      for (const [process, { idle: timer, ...lot }] of idle().reverse()) {
        if (lot.handler !== module.manifest.handler || !isServed(process, lot)) continue
        if (lot.repository !== repository && !process.fresh) continue
        clearTimeout(timer)
        lots.set(process, { ...lot, repository })
        if (process.clean) return process
        void drop(process)
      }
      return start(module, priority, repository, false)
    },
    /** Gives it back; an unclean one is killed instead. */
    release(process: ModuleProcess): void {
      const lot = lots.get(process)
      if (!lot || !process.clean || (lot.inspects && walls.namespace)) return void drop(process)
      const [oldest, ...others] = idle()
      const isFull = oldest !== undefined && others.length + 1 >= keep
      // What a reload has inspected waits for being served, if there is room.
      const mayWait = lot.inspects && process.noted !== null && !isFull
      if (!isServed(process, lot) && !mayWait) return void drop(process)
      if (isFull) void drop(oldest[0])
      lots.delete(process)
      lots.set(process, { ...lot, idle: setTimeout(() => void drop(process), IDLE_MS).unref() })
    },
    /**
     * From now on these handlers are served, by module name, as they were inspected; before the first call: those on
     * the disk. Idle processes with others end, busy ones end when they come back.
     */
    serve(handlers: Handlers): void {
      served = handlers
      generation += 1
      for (const [process, lot] of idle()) if (!isServed(process, lot)) void drop(process)
    },
    /** Process ids of those that are at work. */
    busy: (): readonly number[] =>
      [...lots].flatMap(([{ pid }, lot]) => (lot.idle === undefined && pid !== 0 ? [pid] : [])),
    async close(): Promise<void> {
      await Promise.all([...lots.keys()].map(drop))
      await starter?.close()
    },
  }
}

/**
 * The service's module processes: behind the walls that its configuration asks for, started by the starter.
 * @throws ConfigError when the walls that `isolation` requires are not there
 */
export async function openPool(
  installation: WallsQuestion & { readonly config: Pick<Config, 'workers'> },
  log: Log,
) {
  const { config, env: environment } = installation
  const walls = await requireWalls(installation, log)
  const starter = createStarter({ environment, log })
  const keep = config.workers.concurrency
  return { pool: createProcessPool({ keep, environment, starter, walls: walls.walls, log }), walls }
}
