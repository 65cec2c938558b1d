// What the service and the starter say to each other.
import type { OutputLevel, StartSpec } from '../spawn-module.ts'

/** `id` names a process before it has a pid. */
export type ToStarter =
  | { readonly t: 'start'; readonly id: number; readonly spec: StartSpec }
  | { readonly t: 'kill'; readonly id: number }

export type FromStarter =
  /** With the process's channel as its handle. */
  | { readonly t: 'channel'; readonly id: number }
  /** The channel is the service's alone now: only then may anything be asked of the module. */
  | { readonly t: 'started'; readonly id: number; readonly pid: number }
  | { readonly t: 'output'; readonly id: number; readonly level: OutputLevel; readonly text: string }
  | { readonly t: 'exited'; readonly id: number; readonly how: string }
