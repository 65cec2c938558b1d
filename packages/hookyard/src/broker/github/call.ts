// One call of a module (a read of its subject, or a verb), with the checks that every one begins with.
import { z } from 'zod'
import type { Octokit } from 'octokit'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import type { Grant } from '../../registry/manifest.ts'
import type { EffectStore } from '../../store/store.ts'
import type { GitHub } from './client.ts'
import type { Marked } from './marker.ts'
import {
  type RunScope,
  type ScopeSubject,
  checked,
  entityOf,
  ownerAndName,
  requireGrant,
  requireNumber,
} from './scope.ts'
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
    if (grant !== undefined) requireGrant(this.scope, grant)
    return requireNumber(this.scope, `${this.name}()`, kinds)
  }

  /** An argument; `names`: of it and those before it. @throws PermanentError `invalid_argument` */
  arg<T>(index: number, names: string, shape: z.ZodType<T>): T {
    return checked(shape, this.#args[index], `${this.name}(${names})`)
  }

  /** What the marker and the receipt of a thing on the subject are bound to. */
  marked(number: number, kind: string, key: string): Marked {
    return { module: this.scope.module, entity: entityOf(this.scope, number), kind, key }
  }

  /** The login that the service writes as; '' when GitHub does not tell. */
  ownLogin(): Promise<string> {
    return this.deps.github.ownLogin(this.scope.repository)
  }
}
