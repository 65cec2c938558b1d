// What keeps a module, or the service, from starting behind its walls: told by `check` and at the start.
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Config } from '../config/config.ts'
import { placeOf } from '../config/feature-check.ts'
import { ConfigError, type Place, type Problem, problemAt } from '../config/problem.ts'
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

/** Checks one module after the other. */
export const createBoxCheck =
  ({ config, found, manifestSources, modules }: BoxQuestion): BoxCheck =>
  (module) => {
    const source = manifestSources?.get(module.name)
    const problems = [
      ...programProblems(module, found, source),
      ...ownFilesProblems(module, ownFilesOf(config), source),
      ...replaceableProblems(module, modules, source),
    ]
    // A folder that is far too large is not searched through.
    return problems.length > 0 ? problems : linkProblems(module)
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
export function isolationProblems(found: FoundWalls, place: Place): Problem[] {
  if (found.mode !== 'required' || found.walls.namespace !== null) return []
  const fault = {
    found: `required, and there is no namespace: ${found.reason}`,
    expected: 'a machine that makes namespaces, or isolation: auto',
    hint: found.fix,
  }
  return [problemAt(place, fault)]
}

function problem(
  { manifest }: Module,
  key: string,
  fault: { found: string; expected: string; hint: string | null },
  source?: YamlSource,
): Problem {
  const file = { file: join(manifest.dir, 'module.yaml'), line: 0, column: 0, key }
  return problemAt(key === '' ? file : (source?.place(key.split('.')) ?? file), fault)
}

function programProblems(module: Module, found: FoundWalls, source?: YamlSource): Problem[] {
  const { run } = module.granted
  if (lacksNamespace({ run, walls: found.walls })) {
    const fault = {
      found: `${run.join(', ')}, which only a namespace grants, and there is none: ${found.reason}`,
      expected: 'a machine that makes namespaces, or a module that runs no programs',
      hint: found.fix ?? `take modules.${module.name}.allow.run out of hookyard.yaml`,
    }
    return [problem(module, 'needs.run', fault, source)]
  }
  return run
    .filter((name) => findProgram(name, found.path) === null)
    .map((name) => {
      const fault = {
        found: `${name}, which is not on the PATH`,
        expected: 'a program of this machine',
        hint: `install ${name}`,
      }
      return problem(module, 'needs.run', fault, source)
    })
}

/** The service's own: a module that could read them would have its secrets, and one that could write them, the service. */
function ownFilesOf({ file, dataDir }: BoxQuestion['config']): string[] {
  const files = file === null ? [] : [file, join(dirname(file), '.env')]
  return [...files, dataDir]
}

function ownFilesProblems(module: Module, own: readonly string[], source?: YamlSource): Problem[] {
  return pathsOf(module).flatMap(([key, path]) => {
    const file = own.find((one) => {
      const [asking, theirs] = [real(path), real(one)]
      // A module may lie among them: it reads its own folder alone.
      return liesIn(theirs, asking) || (key !== '' && liesIn(asking, theirs))
    })
    if (file === undefined) return []
    const relation = liesIn(real(file), real(path)) ? 'holds' : 'lies in'
    const fault = {
      found: `${path}, which ${relation} ${file} of the service`,
      expected: 'a path apart from the service’s own files',
      hint: 'move the one or the other',
    }
    return [problem(module, key, fault, source)]
  })
}

// What lies in a folder that a module may write can be replaced by a link, which the next start would follow.
function replaceableProblems(
  module: Module,
  modules: BoxQuestion['modules'],
  source?: YamlSource,
): Problem[] {
  const writable = [module, ...modules.filter(({ name }) => name !== module.name)].flatMap(
    ({ name, granted }) => granted.write.map((folder) => ({ name, folder })),
  )
  return pathsOf(module).flatMap(([key, path]) => {
    const within = writable.find(
      ({ folder }) => liesIn(real(path), real(folder)) && (key === '' || real(path) !== real(folder)),
    )
    if (within === undefined) return []
    const { name, folder } = within
    const covers = name === module.name && key !== ''
    const fault = {
      found: `${path}, which lies in ${folder}, which ${name === module.name ? 'the module' : `the module ${name}`} may write`,
      expected: 'no path within one of needs.write: a link could be put in its place',
      hint: covers
        ? `remove it: ${folder} covers it`
        : 'grant folders apart from each other and from modules',
    }
    return [problem(module, key || 'needs.write', fault, source)]
  })
}

/** The key in the manifest, '' for its own folder, and the path. */
function pathsOf({ manifest, granted }: Module): [key: string, path: string][] {
  return [
    ['', manifest.dir],
    ...granted.read.map((path): [string, string] => ['needs.read', path]),
    ...granted.write.map((path): [string, string] => ['needs.write', path]),
  ]
}

// Node's permission model follows a link wherever it leads, and asks about its own path alone.
function linkProblems(module: Module): Problem[] {
  const { dir } = module.manifest
  const inside = real(dir)
  return linksBelow(dir)
    .filter((link) => {
      const target = withoutLinks(link)
      return target === null || !liesIn(target, inside)
    })
    .slice(0, 5)
    .map((link) =>
      problem(module, '', {
        found: `the link ${link}, which leads out of the module’s folder`,
        expected: 'links within the folder: through another one the module could read what was not granted',
        hint: 'put a copy in its place, or name where it leads in needs.read and grant that',
      }),
    )
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
