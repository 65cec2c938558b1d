// Who hears of a delivery, and why those do not who added its repository by chat. Pure: GitHub was asked before
// (ask-facts.ts).
import type { User } from '../config/config.ts'
import type { Decision } from '../store/store.ts'
import { withoutModule } from './notify.ts'
import type { DeliveryToDecide, World } from './world.ts'

type Heard = Pick<DeliveryToDecide, 'repository'>
type Asked = Pick<World, 'access' | 'facts'>

/** Users who hear of the delivery's repository; the first admin when nobody does. */
export const hearersOf = ({ repository }: Heard, { access, facts }: Asked): readonly User[] =>
  access.audience(repository, facts?.readings)

/** A decision for each who added the repository beyond the configuration, and may not be told of it. */
export function unheard({ repository }: Heard, { access, facts }: Asked): Decision[] {
  return access.addedBeyond(repository).flatMap((user) => {
    const reading = facts?.readings?.get(user.name)
    if (reading === 'readable') return []
    const unasked = user.github === null ? 'no_login' : 'readable_unknown'
    return withoutModule(user, 'no_message', reading ?? unasked)
  })
}
