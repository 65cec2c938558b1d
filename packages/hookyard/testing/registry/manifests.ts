// Manifests and configurations made in memory, for tests.
import { NO_NEEDS } from '../../src/config/needs.ts'
import { goodConfig } from '../config/read.ts'
import type { Manifest, ManifestTrigger } from '../../src/registry/manifest.ts'

/** A module of nothing, with these fields instead. */
export function manifestOf(name: string, fields: Partial<Manifest> = {}): Manifest {
  return {
    name,
    description: '',
    dir: `/modules/${name}`,
    handler: `/modules/${name}/handler.ts`,
    subject: 'none',
    featureFlag: null,
    triggers: [],
    when: { draft: null, ignoreBots: true, branches: [], labels: [], authors: [], paths: [] },
    cancelOn: [],
    may: [],
    needs: NO_NEEDS,
    concurrency: 'queue',
    timeoutMs: 600_000,
    retries: { max: 3, backoffMs: 10_000 },
    invoke: true,
    input: null,
    config: null,
    ...fields,
  }
}

/** A webhook trigger without windows, with these fields instead. */
export function webhook(
  event: string,
  actions: readonly string[] | null = null,
  fields: Partial<Extract<ManifestTrigger, { type: 'webhook' }>> = {},
): Extract<ManifestTrigger, { type: 'webhook' }> {
  return {
    type: 'webhook',
    event,
    actions,
    cooldownMs: 0,
    onCooldown: 'skip',
    debounceMs: 0,
    maxWaitMs: 0,
    ...fields,
  }
}

/** A configuration that says nothing. */
export const noConfig = goodConfig('')
