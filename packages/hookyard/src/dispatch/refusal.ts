// Why a module does not take a delivery, or not for a user. Pure.
import { hasFeature } from '../access/has-feature.ts'
import type { User } from '../config/config.ts'
import { subjectNumber } from '../entity/entity.ts'
import { failedFilter } from '../registry/filters.ts'
import type { Module } from '../registry/manifest.ts'
import type { DeliveryToDecide } from './world.ts'

/** What the payload itself says against a run of the module, for whomever; null: nothing. */
export const unwantedBy = (module: Module, delivery: DeliveryToDecide): string | null =>
  unfit(module, delivery) ?? filteredBy(module, delivery)

/** A payload that names nothing the module could be about starts no run of it. */
function unfit({ manifest: { subject } }: Module, { entity, repository }: DeliveryToDecide): string | null {
  const fits =
    subject === 'none' || (subject === 'repository' ? repository !== null : subjectNumber(entity) !== null)
  return fits ? null : 'no_subject'
}

function filteredBy({ manifest }: Module, { event, payload }: DeliveryToDecide): string | null {
  const name = failedFilter(manifest.when, event, payload)
  return name === null ? null : `filtered:${name}`
}

/** Why this user gets no run of this module, the authority aside; null when nothing stands against it. */
export function refusal(module: Module, user: User, unwanted: string | null): string | null {
  if (!module.enabled) return 'module_disabled'
  if (!hasFeature(user, module.manifest.featureFlag)) return 'feature_disabled'
  return unwanted
}
