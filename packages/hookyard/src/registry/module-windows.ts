import type { Manifest } from './manifest.ts'

/** The window that a run opens when nobody's webhook started it, in ms: the longest of the module's triggers. */
export function longestCooldown(manifest: Manifest): number {
  return Math.max(
    0,
    ...manifest.triggers.map((trigger) => (trigger.type === 'webhook' ? trigger.cooldownMs : 0)),
  )
}
