import type { Identity } from '../identity.ts'
import type { Links } from '../render/account.ts'
import type { RepositoryState, World } from '../state.ts'

/** Who asks the graph, and what it is about. */
export interface GraphScope {
  readonly world: World
  readonly links: Links
  readonly identity: Identity
  /** Whether the identity may see it. */
  readonly sees: (repository: RepositoryState) => boolean
}
