// The wall on Linux: a namespace made by bubblewrap. Inside there is no network, no other process, and no file but those
// of the box; whatever is started in it ends with it, whatever session or group it moved to.
import { accessSync, constants, existsSync, lstatSync, readlinkSync, statSync } from 'node:fs'
import { delimiter, dirname, join, sep } from 'node:path'
import type { Box, Paths, Walls } from './box.ts'

/** Of its file system in memory, in bytes: what a process writes into /tmp is bounded, since it counts as no memory of it. */
const TEMPORARY_BYTES = 128 * 1024 * 1024
/** The process's own folder in it, in which nothing else is mounted. */
export const TEMPORARY = '/tmp/module'
/** Links and folders of the root that lead to shared libraries. */
const LIBRARY_FOLDERS = ['/usr/lib', '/usr/lib64', '/usr/lib32', '/lib', '/lib64']
/** What programs look up beside their libraries. */
const PROGRAM_FILES = ['/usr/share/zoneinfo', '/usr/share/git-core', '/usr/share/perl', '/usr/share/perl5']
const DEVICES = ['null', 'zero', 'full', 'random', 'urandom']

type Namespace = NonNullable<Walls['namespace']>

/**
 * bubblewrap's arguments, up to the program.
 * @param path where granted programs are found, as PATH
 */
export function namespaceArguments(
  { folder, run, cache, writesCache }: Pick<Box, 'folder' | 'run' | 'cache' | 'writesCache'>,
  paths: Paths,
  { libraries }: Pick<Namespace, 'libraries'>,
  path: string,
): string[] {
  const programs = run.length > 0 ? [...PROGRAM_FILES, ...programsOf(run, path)] : []
  const read = [...libraries, process.execPath, ...paths.read, ...programs]
  // Of two for one path, the one that may be written.
  const write = new Set([...paths.write, ...(cache !== null && writesCache ? [cache] : [])])
  const mounts = new Set([...read, ...write, ...(cache === null ? [] : [cache])])
  return [
    // Each by its name, since --unshare-all goes on without a user namespace where there is none.
    ...['user', 'ipc', 'pid', 'net', 'uts'].map((kind) => `--unshare-${kind}`),
    '--unshare-cgroup-try',
    '--disable-userns',
    ...['--uid', '65534', '--gid', '65534', '--hostname', 'module', '--cap-drop', 'ALL'],
    // No session of its own: it leads one already, without a terminal, and another would have a priority of its own.
    '--die-with-parent',
    ...['--proc', '/proc'],
    ...DEVICES.flatMap((name) => ['--dev-bind', `/dev/${name}`, `/dev/${name}`]),
    ...['--size', String(TEMPORARY_BYTES), '--tmpfs', dirname(TEMPORARY), '--dir', TEMPORARY],
    ...libraryLinks(),
    ...parentsFirst(mounts).flatMap((at) => [write.has(at) ? '--bind' : '--ro-bind', at, at]),
    ...['--remount-ro', '/', '--chdir', folder, '--'],
  ]
}

/** What holds the shared libraries of this Node, as far as it is there. */
export function librariesOf(loaded: readonly string[]): string[] {
  const folders = LIBRARY_FOLDERS.filter((path) => existsSync(path) && !isLink(path))
  const inside = (path: string) =>
    [...folders, ...LIBRARY_FOLDERS].some((folder) => path.startsWith(`${folder}${sep}`))
  return [...folders, ...loaded.filter((path) => path.startsWith(sep) && existsSync(path) && !inside(path))]
}

/** `/lib` is a link to `usr/lib` on most machines. */
function libraryLinks(): string[] {
  return LIBRARY_FOLDERS.filter((path) => isLink(path)).flatMap((path) => [
    '--symlink',
    readlinkSync(path),
    path,
  ])
}

const isLink = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true

/** Those that exist, parents before what is inside them, which would be hidden otherwise. */
function parentsFirst(paths: ReadonlySet<string>): string[] {
  const depth = (path: string) => path.split(sep).filter(Boolean).length
  return [...paths].filter((path) => existsSync(path)).sort((a, b) => depth(a) - depth(b))
}

/** The files behind the names of programs. @throws Error for one that is not on the path */
function programsOf(names: readonly string[], path: string): string[] {
  return names.map((name) => {
    const file = findProgram(name, path)
    if (file === null) throw new Error(`there is no program ${name} on the PATH`)
    return file
  })
}

/** The first file of that name on the path that may be run; null when there is none. */
export function findProgram(name: string, path: string): string | null {
  for (const folder of path.split(delimiter)) {
    const file = join(folder, name)
    if (folder.startsWith(sep) && mayRun(file)) return file
  }
  return null
}

function mayRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}
