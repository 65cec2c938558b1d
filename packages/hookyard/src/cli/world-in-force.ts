// What the service of these files decides on: the files, and what users have set over them.
import { type Access, createAccess } from '../access/access.ts'
import type { Installation } from '../registry/load.ts'
import type { ModuleRegistry } from '../registry/module-registry.ts'
import { withSwitches } from '../registry/switched.ts'
import type { Store } from '../store/store.ts'

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
