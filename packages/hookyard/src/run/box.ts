// What the process of a module may touch: its own code, what that resolves from node_modules, and what the operator
// grants of the manifest's `needs`. Closed by default; both walls are built from this one description: Node's permission
// model, which stands everywhere, here; the namespace in namespace.ts. SECURITY.md says what each leaves open.
import { createHash } from 'node:crypto'
import { existsSync, realpathSync } from 'node:fs'
import { createRequire, getCompileCacheDir } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Module } from '../registry/manifest.ts'

/** What this machine has to shut a process in with, beside Node's own permission model. */
export interface Walls {
  /** How a namespace is made; null: there is none. */
  readonly namespace: {
    /** bubblewrap, as an absolute path. */
    readonly program: string
    /** Folders and files with the shared libraries that Node loads. */
    readonly libraries: readonly string[]
  } | null
  /** util-linux's setpriv, as an absolute path: it lets the kernel end a process with its parent. */
  readonly setpriv: string | null
}

/** Paths are absolute. */
export interface Box {
  /** The module's own folder: it may be read. */
  readonly folder: string
  /** Files and folders that may be read too. */
  readonly read: readonly string[]
  /** Files and folders that may be read and written. */
  readonly write: readonly string[]
  /** Programs that may be started, by name; only a namespace grants them. */
  readonly run: readonly string[]
  /** Where Node keeps what it compiled of this module, and of no other; null: nowhere. */
  readonly cache: string | null
  /** Whether it may be written in a namespace; Node’s permission model knows no cache that is only read. */
  readonly writesCache: boolean
  readonly walls: Walls
}

/** Nothing secret: of the service's environment a module gets these alone. */
const KEPT = ['PATH', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR']

/** Node's permission model alone. */
export const PERMISSION_ALONE: Walls = { namespace: null, setpriv: null }

/** The box of a handler to which nothing was granted. */
export function closedBox(handler: string, walls: Walls = PERMISSION_ALONE): Box {
  const cache = cacheOf(handler)
  return { folder: dirname(handler), read: [], write: [], run: [], cache, writesCache: false, walls }
}

/** The box of a module, with what it was granted. */
export function boxOf({ manifest, granted }: Pick<Module, 'manifest' | 'granted'>, walls: Walls): Box {
  const { read, write, run } = granted
  return { ...closedBox(manifest.handler, walls), folder: manifest.dir, read, write, run }
}

// Each module has a folder of its own: what one leaves there reaches no other, and the service reads none of them.
function cacheOf(handler: string): string | null {
  const own = getCompileCacheDir()
  if (own === undefined) return null
  return join(own, 'modules', createHash('sha256').update(handler).digest('hex').slice(0, 32))
}

const childFolder = fileURLToPath(new URL('./child', import.meta.url))

const sdkFolder = dirname(createRequire(import.meta.url).resolve('@hookyard/sdk'))

/** The file that every module process begins with. */
export const ENTRY = join(childFolder, `main${extname(import.meta.url)}`)

/** The file with which a handler is tried, by itself. */
export const TRY_ENTRY = join(childFolder, `try${extname(import.meta.url)}`)

/** What may be read; and what may be written, and read as well. */
export type Paths = Pick<Box, 'read' | 'write'>

/** The paths of a box that exist, each also where its links lead. */
export function pathsOf(box: Box): Paths {
  const read = [
    childFolder,
    sdkFolder,
    ...packageFiles(sdkFolder),
    ...packageFiles(childFolder),
    box.folder,
    ...packageFiles(box.folder),
    ...box.read,
  ]
  return { read: existing(read), write: existing(box.write) }
}

/** What Node looks up from a folder on its way to the root: every `node_modules`, and the nearest package.json. */
function packageFiles(folder: string): string[] {
  const found: string[] = []
  let named = false
  for (let at = folder; ; at = dirname(at)) {
    found.push(join(at, 'node_modules'))
    if (!named && existsSync(join(at, 'package.json'))) {
      named = true
      found.push(join(at, 'package.json'))
    }
    if (at === dirname(at)) return found
  }
}

function existing(paths: readonly string[]): string[] {
  return [...new Set(paths.filter((path) => existsSync(path)).flatMap((path) => [path, realpathSync(path)]))]
}

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

/** Where programs are, the language and the time zone, which cannot be looked up in a box. */
export const moduleEnvironment = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  TZ: Intl.DateTimeFormat().resolvedOptions().timeZone,
  ...harmless(environment),
})

/** The part of an environment that may be known to what the service starts. */
export const harmless = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(environment).filter(([name, value]) => KEPT.includes(name) && value !== undefined),
  )
