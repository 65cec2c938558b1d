// The wall that stands everywhere: Node's permission model. By Node's own words it protects against accidents, not
// against malice; SECURITY.md says what it leaves open.
import type { Box, Paths } from './box.ts'

/**
 * Node's flags for a box. Whatever is not allowed by one of them is refused: other files, child processes, workers,
 * addons, WASI, the inspector; from Node 25 on the network as well.
 * @param programs whether programs may be started: these are held by the namespace alone
 */
export function permissionFlags(paths: Paths, programs: boolean): string[] {
  return [
    '--permission',
    ...[...paths.read, ...paths.write].map((path) => `--allow-fs-read=${path}`),
    ...paths.write.map((path) => `--allow-fs-write=${path}`),
    // It opens files by itself, past the permission model.
    '--no-experimental-sqlite',
    '--disable-sigusr1',
    // Until Node 24 what trace_events writes is not asked about.
    '--trace-event-file-pattern=/dev/null',
    // Some flags of V8 name files that it writes by itself; a process that sets one later aborts.
    '--freeze-flags-after-init',
    ...(programs ? ['--allow-child-process', '--disable-warning=SecurityWarning'] : []),
  ]
}

/** Whether Node's permission model refuses sockets and name look-ups too. */
export const refusesNetwork = (version: string = process.versions.node): boolean =>
  Number(version.split('.', 1)[0]) >= 25

/** Whether the box grants something that only a namespace can grant, and there is none. */
export const lacksNamespace = ({ run, walls }: Pick<Box, 'run' | 'walls'>): boolean =>
  run.length > 0 && walls.namespace === null
