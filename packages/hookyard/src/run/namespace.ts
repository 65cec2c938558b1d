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

interface Mount {
  readonly path: string
  readonly write: boolean
}

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
  const read = [...libraries, process.execPath, ...paths.read]
  if (run.length > 0) read.push(...PROGRAM_FILES, ...programsOf(run, path))
  const mounts: Mount[] = [
    ...read.map((at) => ({ path: at, write: false })),
    ...paths.write.map((at) => ({ path: at, write: true })),
    ...(cache === null ? [] : [{ path: cache, write: writesCache }]),
  ]
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
    ...inOrder(mounts).flatMap(({ path: at, write }) => [write ? '--bind' : '--ro-bind', at, at]),
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

/** Parents before what is inside them, which would be hidden otherwise; of two for one path, the one that may be written. */
function inOrder(mounts: readonly Mount[]): Mount[] {
  const byPath = new Map<string, Mount>()
  for (const mount of mounts)
    if (existsSync(mount.path) && !byPath.get(mount.path)?.write) byPath.set(mount.path, mount)
  const depth = ({ path }: Mount) => path.split(sep).filter(Boolean).length
  return [...byPath.values()].sort((a, b) => depth(a) - depth(b))
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
