import type { User } from '../config/config.ts'

/** Whether this user gets modules with this feature flag; a module without one serves everybody. */
export function hasFeature(user: User, flag: string | null): boolean {
  return flag === null || user.features === 'all' || user.features[flag] === true
}
