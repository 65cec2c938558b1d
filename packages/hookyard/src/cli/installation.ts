// The installation that a command means: its files, its database, and what users have set over the files.
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Access, createAccess } from '../access/access.ts'
import { environment } from '../config/env.ts'
import { type Installation, loadInstallation } from '../registry/load.ts'
import type { ModuleRegistry } from '../registry/module-registry.ts'
import { withSwitches } from '../registry/switched.ts'
import { openSqliteStore } from '../store/sqlite/open.ts'
import type { Store } from '../store/store.ts'
import { CommandFailure } from './failure.ts'
import { builtinModuleDirs } from './package.ts'

/** Configuration and modules, as the files say. @throws ConfigError with the problems of all files */
export const installationOf = (configFile: string): Installation =>
  loadInstallation({
    file: resolve(configFile),
    env: environment(),
    cwd: process.cwd(),
    builtinModuleDirs: builtinModuleDirs(),
  })

export const databaseIn = (dataDir: string): string => join(dataDir, 'hookyard.db')

/** The database, to be read beside a running service. @throws CommandFailure when there is none */
export async function openDatabase(dataDir: string): Promise<Store> {
  const file = databaseIn(dataDir)
  if (!existsSync(file)) throw new CommandFailure(`nothing is stored yet: there is no ${file}`)
  return openSqliteStore({ file, readOnly: true })
}

/** Modules and users in force; `store` null: as the files say alone. */
export async function worldInForce(
  { registry, config }: Installation,
  store: Pick<Store, 'switches' | 'chat'> | null,
): Promise<{ readonly registry: ModuleRegistry; readonly access: Access }> {
  const switches = new Map((await store?.switches.all())?.map((one) => [one.module, one]))
  const settings = (await store?.chat.settings()) ?? []
  const claims = (await store?.chat.claims()) ?? []
  return {
    registry: withSwitches(registry, switches),
    access: createAccess(config, { settings, claims, featureFlags: registry.featureFlags() }),
  }
}
