// The service's module processes: behind the walls that its configuration asks for, started by the starter.
import type { Config } from '../config/config.ts'
import type { Log } from '../lib/log.ts'
import { type WallsQuestion, requireWalls } from './box-problems.ts'
import type { FoundWalls } from './find-walls.ts'
import { createProcessPool, type ProcessPool } from './process-pool.ts'
import { createStarter } from './starter.ts'

/** @throws ConfigError when the walls that `isolation` requires are not there */
export async function openPool(
  installation: WallsQuestion & { readonly config: Pick<Config, 'workers'> },
  log: Log,
): Promise<{ readonly pool: ProcessPool; readonly walls: FoundWalls }> {
  const { config, env: environment } = installation
  const walls = await requireWalls(installation, log)
  const starter = createStarter({ environment, log })
  const keep = config.workers.concurrency
  return { pool: createProcessPool({ keep, environment, starter, walls: walls.walls, log }), walls }
}
