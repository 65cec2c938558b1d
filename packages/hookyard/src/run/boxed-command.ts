// The command that starts a handler's process behind its walls.
import { mkdirSync } from 'node:fs'
import { type Box, ENTRY, pathsOf } from './box.ts'
import { namespaceArguments, TEMPORARY } from './namespace.ts'
import { lacksNamespace, permissionFlags } from './permission-flags.ts'
import { makeTemporaryFolder, removeTemporaryFolder } from './temporary-folder.ts'

export interface BoxedCommand {
  readonly command: readonly [string, ...string[]]
  readonly environment: NodeJS.ProcessEnv
  /** When the process is gone: removes what was made for it alone. */
  end(): void
}

/**
 * Both walls around Node, as far as they stand here.
 * @param flags further flags of Node
 * @throws Error when the box grants what only a namespace can grant, and there is none
 */
export function boxedCommand(
  { handler, environment, box }: { handler: string; environment: NodeJS.ProcessEnv; box: Box },
  flags: readonly string[],
  entry: string = ENTRY,
): BoxedCommand {
  if (lacksNamespace(box))
    throw new Error(`the module may run ${box.run.join(', ')}, which only a namespace grants`)
  const { namespace, setpriv } = box.walls
  const cache = makeCache(box.cache)
  const own = namespace === null ? makeTemporaryFolder() : null
  const temporary = own ?? TEMPORARY
  const paths = pathsOf(box)
  const writable = [...paths.write, temporary, ...(cache === null ? [] : [cache])]
  const programs = box.run.length > 0
  const node = [
    process.execPath,
    ...flags,
    ...permissionFlags({ read: paths.read, write: writable }, programs),
    entry,
    handler,
  ] as const
  const end = () => own === null || removeTemporaryFolder(own)
  const inside = {
    ...environment,
    // Not the home of the service's user.
    ...{ TMPDIR: temporary, HOME: temporary },
    ...(cache === null ? {} : { NODE_COMPILE_CACHE: cache }),
  }
  const path = environment['PATH'] ?? ''
  if (namespace === null) {
    const first = setpriv === null ? [] : [setpriv, '--pdeathsig', 'KILL']
    return { command: [...first, ...node] as unknown as [string], environment: inside, end }
  }
  const walls = namespaceArguments({ ...box, cache }, paths, namespace, path)
  return { command: [namespace.program, ...walls, ...node], environment: inside, end }
}

/** Where nothing can be written, modules start without. */
function makeCache(folder: string | null): string | null {
  if (folder === null) return null
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    return folder
  } catch {
    return null
  }
}
