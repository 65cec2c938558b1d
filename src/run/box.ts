// What the process of a module may touch beside the code that it runs: closed by default, opened by what the operator
// grants of the manifest's `needs`.
import { dirname } from 'node:path'

/** Paths are absolute. */
export interface Box {
  /** The module's own folder: it may be read. */
  readonly folder: string
  /** Files and folders that may be read too. */
  readonly read: readonly string[]
  /** Files and folders that may be read and written. */
  readonly write: readonly string[]
  /** Programs that may be started, by name or path. */
  readonly run: readonly string[]
}

/** The box of a handler to which nothing was granted. */
export function closedBox(handler: string): Box {
  return { folder: dirname(handler), read: [], write: [], run: [] }
}
