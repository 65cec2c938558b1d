// The module folders of an installation: every sub-folder with a module.yaml.
import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type Place, placeIn, type Problem, problemAt } from '../config/problem.ts'
import { readTextFile } from '../config/text-file.ts'
import { asMap, asText } from '../config/value-path.ts'
import type { YamlSource } from '../config/yaml-source.ts'
import { silentLog } from '../lib/log.ts'
import type { Log } from '../lib/log.ts'
import type { Manifest } from './manifest.ts'
import { parseManifest } from './parse-manifest.ts'

export const MANIFEST_FILE = 'module.yaml'

export interface ScannedModules {
  /** The good ones, by name. */
  readonly manifests: readonly Manifest[]
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
  /** Those whose manifests are bad; `flag` undefined: nobody can read which one it declares, if any. */
  readonly bad: readonly { readonly name: string; readonly flag: string | null | undefined }[]
  /** False when a folder could not be listed: then nobody knows which modules are there. */
  readonly complete: boolean
  /** Where each manifest is written, by module name. */
  readonly sources: ReadonlyMap<string, YamlSource>
}

export interface ScanOptions {
  /** Where a folder of `dirs` was asked for; default: the folder itself. */
  readonly placeOf?: (dir: string) => Place
  readonly log?: Log
}

/** Reads the modules of these folders (absolute paths). Never throws: all problems come back at once. */
export function scanModules(dirs: readonly string[], options: ScanOptions = {}): ScannedModules {
  const { placeOf = (file: string) => placeIn(file), log = silentLog } = options
  const problems: Problem[] = []
  const warnings: Problem[] = []
  const bad: { name: string; flag: string | null | undefined }[] = []
  const folders = moduleFolders(dirs, placeOf, log, problems, warnings)
  // So far there can be no other problem than a folder that cannot be listed.
  const complete = problems.length === 0
  const found = new Map<string, { manifest: Manifest; source: YamlSource }>()
  for (const folder of folders) {
    const file = join(folder, MANIFEST_FILE)
    const read = readTextFile(file, 'a manifest')
    if ('problem' in read) {
      problems.push(read.problem)
      bad.push({ name: basename(folder), flag: undefined })
      continue
    }
    const parsed = parseManifest(read.text, file)
    problems.push(...parsed.problems)
    warnings.push(...parsed.warnings)
    const { manifest, source } = parsed
    if (manifest === null) {
      const flag = !source.complete ? undefined : (asText(asMap(source.value)['feature_flag']) ?? null)
      bad.push({ name: basename(folder), flag })
      continue
    }
    const twin = found.get(manifest.name)
    if (twin === undefined) found.set(manifest.name, { manifest, source })
    else problems.push(twoOfOneName(source, manifest, twin.manifest))
  }
  const sorted = [...found.values()].sort((a, b) => (a.manifest.name < b.manifest.name ? -1 : 1))
  return {
    manifests: sorted.map(({ manifest }) => manifest),
    problems,
    warnings,
    bad,
    complete,
    sources: new Map(sorted.map(({ manifest, source }) => [manifest.name, source])),
  }
}

const twoOfOneName = (source: YamlSource, manifest: Manifest, twin: Manifest): Problem =>
  problemAt(source.place(['name']), {
    found: `a second module named ${manifest.name}, in ${manifest.dir}`,
    expected: `one; the first is in ${twin.dir}`,
    hint: 'rename one of them (folder and name), or take its folder out of module_dirs',
  })

function moduleFolders(
  dirs: readonly string[],
  placeOf: (dir: string) => Place,
  log: Log,
  problems: Problem[],
  warnings: Problem[],
): string[] {
  const seen = new Set<string>()
  return dirs.flatMap((dir) => {
    const listed = listFolder(dir)
    if ('found' in listed) {
      const fault = { found: `${dir}: ${listed.found}`, expected: 'a folder of modules' }
      problems.push(problemAt(placeOf(dir), { ...fault, hint: 'create it, or correct the path' }))
      return []
    }
    if (existsSync(join(dir, MANIFEST_FILE))) {
      const fault = {
        found: `${dir}, which is a module itself`,
        expected: 'the folder that holds module folders',
      }
      warnings.push(problemAt(placeOf(dir), { ...fault, hint: 'name its parent folder' }))
    }
    return listed.names.flatMap((name) => {
      const folder = join(dir, name)
      const real = realFolder(folder)
      // The same folder by two ways (a link, a folder listed twice) is one module.
      if (real === null || seen.has(real)) return []
      seen.add(real)
      if (existsSync(join(folder, MANIFEST_FILE))) return [folder]
      if (existsSync(join(folder, 'module.yml'))) {
        const fault = { found: 'module.yml', expected: MANIFEST_FILE, hint: `rename it to ${MANIFEST_FILE}` }
        warnings.push(problemAt(placeIn(join(folder, 'module.yml')), fault))
      } else log.debug({ folder }, 'no module.yaml: not a module')
      return []
    })
  })
}

function listFolder(dir: string): { names: string[] } | { found: string } {
  try {
    return {
      names: readdirSync(dir)
        .filter((name) => !name.startsWith('.'))
        .sort(),
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT') return { found: 'no such folder' }
    return { found: code === 'ENOTDIR' ? 'a file' : `a folder that cannot be read (${code})` }
  }
}

/** The folder without links, or null when it is none (a file, a broken link). */
function realFolder(path: string): string | null {
  try {
    return statSync(path).isDirectory() ? realpathSync(path) : null
  } catch {
    return null
  }
}
