import type { ContextOf, SubjectKind } from './context.ts'
import type { Outcome } from './outcome.ts'

/** A validator of any library that follows Standard Schema (standardschema.dev), version 1. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

/** What a schema answers: the value as it shall be used, or what is wrong with it. */
export type SchemaResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly SchemaIssue[] }

/** One thing that is wrong, and where. */
export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

type OutputOf<S> = S extends StandardSchema<infer _I, infer O> ? O : Readonly<Record<string, unknown>>

/** What a handler's file exports. */
export interface ModuleDefinition<
  Config extends StandardSchema | undefined = undefined,
  Input extends StandardSchema | undefined = undefined,
  Kind extends SubjectKind = SubjectKind,
> {
  /** What a run is about, and so which of `ctx.pr` and `ctx.issue` is there. Must agree with the manifest when both say it. */
  readonly subject?: Kind
  /** What this code can handle (`pull_request.opened`); the manifest's webhooks must be a subset. */
  readonly events?: readonly string[]
  /** Of `modules.NAME.config`; `ctx.config` is its output. Else the manifest's `config` holds. */
  readonly config?: Config
  /** Of an invoke's `input`; `ctx.input` is its output. */
  readonly input?: Input
  /** Called once per attempt. What it throws is tried again by the manifest's `retries`, but for a PermanentError. */
  handle(ctx: ContextOf<Kind, OutputOf<Config>, OutputOf<Input>>): Outcome | Promise<Outcome>
}

/** The identity function, for its types: `export default defineModule({ … })`. */
export function defineModule<
  Config extends StandardSchema | undefined = undefined,
  Input extends StandardSchema | undefined = undefined,
  Kind extends SubjectKind = SubjectKind,
>(definition: ModuleDefinition<Config, Input, Kind>): ModuleDefinition<Config, Input, Kind> {
  return definition
}
