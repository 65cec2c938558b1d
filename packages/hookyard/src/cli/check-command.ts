// `hookyard check` on this machine: the files, and the handlers behind the manifests.
import { resolve } from 'node:path'
import { environment } from '../config/env.ts'
import { ConfigError, type Problem } from '../config/problem.ts'
import type { Installation } from '../registry/load.ts'
import { createBoxCheck } from '../run/box-problems.ts'
import type { FoundWalls } from '../run/find-walls.ts'
import { inspectHandlers } from '../run/inspect-handlers.ts'
import { createProcessPool } from '../run/process-pool.ts'
import { runCheck } from './check.ts'
import { onlineChecks } from './check-online.ts'
import { CommandFailure } from './failure.ts'
import { print } from './print.ts'
import { builtinModuleDirs } from './project-root.ts'

/** Prints the report. @throws CommandFailure when there are problems. */
export async function runCheckCommand(options: {
  readonly config: string
  readonly online?: boolean
  readonly json?: boolean
}): Promise<void> {
  const code = await runCheck({
    file: resolve(options.config),
    json: options.json,
    online: options.online,
    env: environment(),
    cwd: process.cwd(),
    builtinModuleDirs: builtinModuleDirs(),
    extraChecks: [checkHandlers, ...(options.online ? onlineChecks : [])],
    print: (report) => print(report, false, () => report),
  })
  if (code !== 0) throw new CommandFailure('the configuration has problems; they are listed above')
}

/** Loads every handler once, in its own process. */
async function checkHandlers(installation: Installation, found: FoundWalls): Promise<readonly Problem[]> {
  const { config, env, registry, manifestSources } = installation
  const pool = createProcessPool({ keep: 4, environment: env, walls: found.walls })
  try {
    await inspectHandlers(
      registry.all(),
      pool,
      manifestSources,
      createBoxCheck({ config, found, manifestSources, modules: registry.all() }),
    )
    return []
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown.problems
    throw thrown
  } finally {
    await pool.close()
  }
}
