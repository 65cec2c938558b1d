// The command that starts a handler's process behind its walls.
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Box, ENTRY, lacksNamespace, pathsOf, permissionFlags } from './box.ts'
import { namespaceArguments, TEMPORARY } from './namespace.ts'

/** Of the folders that processes have for their temporary files, where there is no namespace. */
const PREFIX = 'hookyard-process-'

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
  const temporary = namespace ? TEMPORARY : mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`))
  const paths = pathsOf(box)
  const write = [...paths.write, temporary, ...(cache === null ? [] : [cache])]
  const limits = permissionFlags({ read: paths.read, write }, box.run.length > 0)
  const node: [string, ...string[]] = [process.execPath, ...flags, ...limits, entry, handler]
  const inside = {
    ...environment,
    // Not the home of the service's user.
    ...{ TMPDIR: temporary, HOME: temporary },
    ...(cache !== null && { NODE_COMPILE_CACHE: cache }),
  }
  if (namespace) {
    const walls = namespaceArguments({ ...box, cache }, paths, namespace, environment['PATH'] ?? '')
    return { command: [namespace.program, ...walls, ...node], environment: inside, end() {} }
  }
  return {
    command: setpriv === null ? node : [setpriv, '--pdeathsig', 'KILL', ...node],
    environment: inside,
    end: () => removeFolder(temporary),
  }
}

/** What is still written into it stays until the next start. */
function removeFolder(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true })
  } catch {
    // Left for removeLeftFolders.
  }
}

/** Removes the temporary folders of this user's processes that have ended without doing so. */
export function removeLeftFolders(): void {
  for (const name of readdirSync(tmpdir())) {
    const maker = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1]
    if (maker === undefined || isAlive(Number(maker))) continue
    const folder = join(tmpdir(), name)
    if (lstatSync(folder, { throwIfNoEntry: false })?.uid === process.getuid?.()) removeFolder(folder)
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM'
  }
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
