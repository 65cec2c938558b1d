// What the process of a module may touch: its own code, what that resolves from node_modules, and what the operator
// grants of the manifest's `needs`. Closed by default; both walls are built from this one description.
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
export interface Paths {
  readonly read: readonly string[]
  readonly write: readonly string[]
}

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
