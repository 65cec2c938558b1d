// One call of a module (a read of its subject, or a verb), with the checks that every one begins with.
import { z } from 'zod'
import type { Clock } from '../../lib/clock.ts'
import { PermanentError } from '../../lib/errors.ts'
import type { Log } from '../../lib/log.ts'
import type { Grant } from '../../registry/manifest.ts'
import type { EffectStore } from '../../store/store.ts'
import type { GitHub, Octokit } from './client.ts'
import { type FoundMarker, type Marked, ownMarker } from './marker.ts'
import { type RunScope, type ScopeSubject, checked, entityOf, ownerAndName } from './scope.ts'
import type { Serial } from '../../lib/serial.ts'

/** What serves the calls of all runs. */
export interface EffectDeps {
  readonly github: GitHub
  readonly effects: EffectStore
  /** Random, and the same for as long as the installation lives: the store's setting `marker_key`. */
  readonly markerKey: string
  readonly clock: Clock
  readonly log: Log
  /** Two calls with one key in one process go one after the other. */
  readonly serial: Serial
}

/** The key of a keyed verb: the module's own word for the thing. */
export const keyShape = z.string().min(1).max(200)

export class Call {
  readonly deps: EffectDeps
  readonly scope: RunScope
  readonly name: string
  readonly #args: readonly unknown[]

  constructor(deps: EffectDeps, scope: RunScope, name: string, args: readonly unknown[]) {
    this.deps = deps
    this.scope = scope
    this.name = name
    this.#args = args
  }

  /** Another call of the same run. */
  of(name: string, args: readonly unknown[]): Call {
    return new Call(this.deps, this.scope, name, args)
  }

  get octokit(): Octokit {
    return this.deps.github.octokit(this.scope.repository, this.scope.signal)
  }

  get where(): { owner: string; repo: string } {
    return ownerAndName(this.scope.repository)
  }

  /** The subject's number. @throws PermanentError `missing_grant`, `wrong_subject` */
  number(kinds: readonly ScopeSubject['kind'][], grant?: Grant): number {
    const { module, entity, may, subject } = this.scope
    if (grant !== undefined && !may.includes(grant)) {
      const why = `module ${module} may not ${grant}: add \`${grant}\` to \`may\` in its module.yaml`
      throw new PermanentError(why, { reason: 'missing_grant' })
    }
    if (subject?.number != null && kinds.includes(subject.kind)) return subject.number
    const wanted = kinds.map((kind) => kind.replace('_', ' ')).join(' or an ')
    const found = subject ? `${entity} (${subject.kind})` : 'no subject'
    const why = `${this.name}() needs a ${wanted}; the run of ${module} is about ${found}`
    throw new PermanentError(why, { reason: 'wrong_subject' })
  }

  /** An argument; `names`: of it and those before it. @throws PermanentError `invalid_argument` */
  arg<T>(index: number, names: string, shape: z.ZodType<T>): T {
    return checked(shape, this.#args[index], `${this.name}(${names})`)
  }

  /** What the marker and the receipt of a thing on the subject are bound to. */
  marked(number: number, kind: string, key: string): Marked {
    return { module: this.scope.module, entity: entityOf(this.scope, number), kind, key }
  }

  /** The marker of what this module wrote of this kind on the subject, under that login; null of anything else. */
  ownMark(
    number: number,
    kind: string,
    login: string,
    written: Parameters<typeof ownMarker>[1],
  ): FoundMarker | null {
    const found = ownMarker(this.deps.markerKey, written, login, this.marked(number, kind, ''))
    return found?.module === this.scope.module ? found : null
  }

  /** The login that the service writes as; '' when GitHub does not tell. */
  ownLogin(): Promise<string> {
    return this.deps.github.ownLogin(this.scope.repository)
  }
}
