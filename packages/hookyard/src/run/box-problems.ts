// What keeps a module, or the service, from starting behind its walls: told by `check` and at the start.
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Config } from '../config/config.ts'
import { placeOf } from '../config/feature-check.ts'
import { ConfigError, type Fault, type Place, type Problem, problemAt } from '../config/problem.ts'
import type { YamlSource } from '../config/yaml-source.ts'
import type { Log } from '../lib/log.ts'
import { liesIn, withoutLinks } from '../registry/grants.ts'
import type { Module } from '../registry/manifest.ts'
import { lacksNamespace } from './box.ts'
import { describeWalls, type FoundWalls, findWalls, presentWalls } from './find-walls.ts'
import { findProgram } from './namespace.ts'

/** What the checks look at. */
export interface BoxQuestion {
  readonly config: Pick<Config, 'file' | 'dataDir'>
  readonly found: FoundWalls
  /** The manifests' lines, by the names of their modules. */
  readonly manifestSources?: ReadonlyMap<string, YamlSource> | undefined
  /** All modules of the installation: what one may write can be replaced under another. */
  readonly modules: readonly Pick<Module, 'name' | 'granted'>[]
}

/** What a module asks of its box that this cannot hold. */
export type BoxCheck = (module: Module) => Problem[]

/** A fault, and the key of the manifest that it is about; '': the module's own folder. */
type Found = Fault & { readonly key: string }

/** Checks one module after the other. */
export const createBoxCheck =
  ({ config, found, manifestSources, modules }: BoxQuestion): BoxCheck =>
  (module) => {
    const faults = [
      ...programFaults(module, found),
      ...ownFilesFaults(module, config),
      ...replaceableFaults(module, modules),
    ]
    const source = manifestSources?.get(module.name)
    const file = join(module.manifest.dir, 'module.yaml')
    // A folder that is far too large is not searched through.
    return (faults.length > 0 ? faults : linkFaults(module)).map(({ key, ...fault }) => {
      const place = key === '' ? undefined : source?.place(key.split('.'))
      return problemAt(place ?? { file, line: 0, column: 0, key }, fault)
    })
  }

/** What a start knows of its configuration. */
export interface WallsQuestion {
  readonly config: Pick<Config, 'file' | 'isolation'>
  readonly env: NodeJS.ProcessEnv
  /** The lines of hookyard.yaml. */
  readonly source?: YamlSource
}

/** The walls of a service's start. @throws ConfigError when those that `isolation` requires are not there */
export async function requireWalls({ config, env, source }: WallsQuestion, log: Log): Promise<FoundWalls> {
  const found = await findWalls(config.isolation, env)
  const missing = isolationProblems(found, placeOf(config, ['isolation'], source))
  if (missing.length > 0) throw new ConfigError(missing)
  log.info({ isolation: presentWalls(found) }, describeWalls(presentWalls(found)).join('; '))
  return found
}

/** `isolation: required` without a namespace; empty when the walls that are asked for stand. */
export function isolationProblems({ mode, walls, reason, fix }: FoundWalls, place: Place): Problem[] {
  if (mode !== 'required' || walls.namespace !== null) return []
  const fault = {
    found: `required, and there is no namespace: ${reason}`,
    expected: 'a machine that makes namespaces, or isolation: auto',
    hint: fix,
  }
  return [problemAt(place, fault)]
}

function programFaults(
  { name, granted: { run } }: Module,
  { walls, reason, fix, path }: FoundWalls,
): Found[] {
  const key = 'needs.run'
  if (lacksNamespace({ run, walls })) {
    const found = `${run.join(', ')}, which only a namespace grants, and there is none: ${reason}`
    const expected = 'a machine that makes namespaces, or a module that runs no programs'
    return [{ key, found, expected, hint: fix ?? `take modules.${name}.allow.run out of hookyard.yaml` }]
  }
  const missing = run.filter((program) => findProgram(program, path) === null)
  const expected = 'a program of this machine'
  return missing.map((program) => ({
    ...{ key, expected },
    found: `${program}, which is not on the PATH`,
    hint: `install ${program}`,
  }))
}

/** The service's own: a module that could read them would have its secrets, and one that could write them, the service. */
function ownFilesFaults(module: Module, { file, dataDir }: BoxQuestion['config']): Found[] {
  const own = [...(file === null ? [] : [file, join(dirname(file), '.env')]), dataDir]
  return pathsOf(module).flatMap(([key, path]) => {
    const holds = (one: string) => liesIn(real(one), real(path))
    // A module may lie among them: it reads its own folder alone.
    const theirs = own.find((one) => holds(one) || (key !== '' && liesIn(real(path), real(one))))
    if (theirs === undefined) return []
    const found = `${path}, which ${holds(theirs) ? 'holds' : 'lies in'} ${theirs} of the service`
    const expected = 'a path apart from the service’s own files'
    return [{ key, found, expected, hint: 'move the one or the other' }]
  })
}

// What lies in a folder that a module may write can be replaced by a link, which the next start would follow.
function replaceableFaults(module: Module, modules: BoxQuestion['modules']): Found[] {
  const writable = [module, ...modules.filter(({ name }) => name !== module.name)].flatMap(
    ({ name, granted }) => granted.write.map((folder) => ({ name, folder })),
  )
  return pathsOf(module).flatMap(([key, path]) => {
    const within = writable.find(
      ({ folder }) => liesIn(real(path), real(folder)) && (key === '' || real(path) !== real(folder)),
    )
    if (within === undefined) return []
    const { name, folder } = within
    const isOwn = name === module.name
    const found = `${path}, which lies in ${folder}, which ${isOwn ? 'the module' : `the module ${name}`} may write`
    const expected = 'no path within one of needs.write: a link could be put in its place'
    const hint =
      isOwn && key !== ''
        ? `remove it: ${folder} covers it`
        : 'grant folders apart from each other and from modules'
    return [{ key: key || 'needs.write', found, expected, hint }]
  })
}

/** The key in the manifest, '' for its own folder, and the path. */
const pathsOf = ({ manifest, granted }: Module): [key: string, path: string][] => [
  ['', manifest.dir],
  ...granted.read.map((path): [string, string] => ['needs.read', path]),
  ...granted.write.map((path): [string, string] => ['needs.write', path]),
]

// Node's permission model follows a link wherever it leads, and asks about its own path alone.
function linkFaults({ manifest: { dir } }: Module): Found[] {
  const leavesIt = (link: string) => {
    const target = withoutLinks(link)
    return target === null || !liesIn(target, real(dir))
  }
  const expected = 'links within the folder: through another one the module could read what was not granted'
  const hint = 'put a copy in its place, or name where it leads in needs.read and grant that'
  const found = (link: string) => `the link ${link}, which leads out of the module’s folder`
  const links = linksBelow(dir).filter(leavesIt).slice(0, 5)
  return links.map((link) => ({ key: '', found: found(link), expected, hint }))
}

function linksBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isSymbolicLink()) return [path]
    return entry.isDirectory() ? linksBelow(path) : []
  })
}

/** Where links lead; as it is written where that is unknown. */
const real = (path: string): string => withoutLinks(path) ?? path
