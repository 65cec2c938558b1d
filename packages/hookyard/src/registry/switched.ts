// Modules switched on and off by users, over what the configuration says.
import { indexModules, type ModuleRegistry } from './module-registry.ts'

/** The registry with these words on whether a module is on; names that are not installed are nobody's. */
export function withSwitches(
  registry: ModuleRegistry,
  switches: ReadonlyMap<string, { readonly enabled: boolean }>,
): ModuleRegistry {
  return indexModules(
    registry.all().map((module) => {
      const enabled = switches.get(module.name)?.enabled ?? module.enabled
      return enabled === module.enabled ? module : { ...module, enabled }
    }),
  )
}
