// Which walls this machine has: found once at the start, by really running a program behind them, since bubblewrap may
// be there and the kernel, or a profile of it, may refuse what it asks for.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Isolation } from '../config/config.ts'
import { closedBox, ENTRY, pathsOf, refusesNetwork, type Walls } from './box.ts'
import { findProgram, librariesOf, namespaceArguments } from './namespace.ts'

const run = promisify(execFile)
const LIMITED = { env: {}, timeout: 20_000 }

/** The walls, and what is told of them. */
export interface FoundWalls {
  readonly mode: Isolation
  /** Where programs are looked for, as PATH. */
  readonly path: string
  readonly walls: Walls
  /** Why there is a namespace or none. */
  readonly reason: string
  /** What to do to have one; null: nothing, or nothing is known. */
  readonly fix: string | null
}

/** Tries what `isolation` asks for. Never throws. */
export async function findWalls(mode: Isolation, environment: NodeJS.ProcessEnv): Promise<FoundWalls> {
  const path = environment['PATH'] ?? ''
  const setpriv = await findSetpriv(path)
  const walls = { namespace: null, setpriv }
  const without = (reason: string, fix: string | null = null) => ({ mode, path, walls, reason, fix })
  if (mode === 'permission') return without('isolation: permission')
  if (process.platform !== 'linux') return without(`${process.platform} has none`)
  const program = findProgram('bwrap', path)
  if (program === null) return without('bubblewrap (bwrap) is not on the PATH', 'apt-get install bubblewrap')
  const libraries = librariesOf(sharedObjects())
  try {
    const box = closedBox(ENTRY)
    const inside = namespaceArguments({ ...box, cache: null }, pathsOf(box), { libraries }, path)
    await run(program, [...inside, process.execPath, '--version'], LIMITED)
  } catch (thrown) {
    const { stderr = '', message } = thrown as { stderr?: string; message: string }
    const [said = ''] = (stderr.trim() || message).split('\n', 1)
    return without(`${program} cannot make one: ${said}`, fixFor(said))
  }
  return { ...without(`made by ${program}`), walls: { namespace: { program, libraries }, setpriv } }
}

/** The walls as a document. */
export function presentWalls({ mode, walls, reason, fix }: FoundWalls) {
  const namespace = walls.namespace !== null
  const networkRefused = namespace || refusesNetwork()
  return {
    mode,
    namespace,
    reason,
    fix,
    permission: true,
    network_refused: networkRefused,
    open: namespace ? null : leftOpen(networkRefused),
  }
}

/** What a module that means harm can do without a namespace; the whole table is in SECURITY.md. */
const leftOpen = (networkRefused: boolean): string =>
  `${networkRefused ? 'signals to processes' : 'the network, signals to processes'} of this user, the disk by temporary files, and holes of Node’s permission model, which is no wall against malice`

/** Two lines for people: which walls stand, and what is open. */
export function describeWalls(
  shown: Pick<ReturnType<typeof presentWalls>, 'namespace' | 'reason' | 'fix' | 'open'>,
): string[] {
  const { namespace, reason, fix, open } = shown
  if (namespace) return [`a namespace (${reason}) and Node’s permission model around each module process`]
  return [
    `Node’s permission model alone: ${reason}${fix === null ? '' : ` (${fix})`}`,
    `open to a hostile module: ${open}; see SECURITY.md`,
  ]
}

async function findSetpriv(path: string): Promise<string | null> {
  const program = process.platform === 'linux' ? findProgram('setpriv', path) : null
  if (program === null) return null
  // That of busybox knows no --pdeathsig.
  const tried = run(program, ['--pdeathsig', 'KILL', process.execPath, '--version'], LIMITED)
  return tried.then(() => program).catch(() => null)
}

/** The files that this Node has loaded. */
function sharedObjects(): string[] {
  // Else it looks names up. The types of the floor version know nothing of it.
  const report = process.report as NodeJS.ProcessReport & { excludeNetwork: boolean }
  const before = report.excludeNetwork
  report.excludeNetwork = true
  try {
    return (report.getReport() as { sharedObjects?: string[] }).sharedObjects ?? []
  } finally {
    report.excludeNetwork = before
  }
}

function fixFor(said: string): string | null {
  if (/unknown option/i.test(said)) return 'install bubblewrap 0.8 or newer'
  if (/permission|not permitted|no space|namespace/i.test(said)) {
    return (
      'let users make namespaces: `sysctl -w kernel.unprivileged_userns_clone=1` on Debian, an AppArmor profile for bwrap ' +
      'or `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0` on Ubuntu; in a container, let its runtime allow them'
    )
  }
  return null
}
