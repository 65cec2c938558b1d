// Every run is made here, whatever starts it.
import type { Module } from '../registry/manifest.ts'
import type { NewRun } from './store.ts'

type Given = Pick<NewRun, 'id' | 'entity' | 'repository' | 'trigger' | 'recipients' | 'createdAt'>

/** A run of the module. Unless the rest is given: due at once, opening the longest window that the module has. */
export function newRun({ name, manifest }: Module, given: Given & Partial<NewRun>): NewRun {
  const cooldowns = manifest.triggers.map((trigger) => (trigger.type === 'webhook' ? trigger.cooldownMs : 0))
  return {
    module: name,
    delivery: null,
    runAt: given.createdAt,
    dueAt: given.createdAt,
    waiting: false,
    concurrency: manifest.concurrency,
    cooldownMs: Math.max(0, ...cooldowns),
    input: null,
    depth: 0,
    ...given,
  }
}
