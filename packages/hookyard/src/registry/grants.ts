// What a module is granted beyond its box: what its manifest needs and `modules.NAME.allow` grants, both.
import { lstatSync, realpathSync } from 'node:fs'
import { basename, dirname, join, sep } from 'node:path'
import { placeOf } from '../config/feature-check.ts'
import type { Config } from '../config/config.ts'
import { NO_NEEDS, splitHost } from '../config/needs.ts'
import { type Problem, problemAt } from '../config/problem.ts'
import { quote } from '../config/show.ts'
import type { YamlSource } from '../config/yaml-source.ts'
import type { Module, Needs } from './manifest.ts'

const KINDS = ['network', 'read', 'write', 'run'] as const
type Kind = (typeof KINDS)[number]

/** Each kind's entries of `needs` as far as `allow` grants them. Hosts without a port stand for all their ports. */
export function grantedOf(needs: Needs, allow: Needs): Needs {
  return {
    network: [
      ...new Set(needs.network.flatMap((need) => allow.network.flatMap((one) => bothHosts(need, one)))),
    ],
    read: needs.read.filter((path) => allow.read.some((allowed) => isInside(path, allowed))),
    write: needs.write.filter((path) => allow.write.some((allowed) => isInside(path, allowed))),
    run: needs.run.filter((program) => allow.run.includes(program)),
  }
}

/** The narrower of two entries of one host; none when they are of different hosts or ports. */
function bothHosts(need: string, allowed: string): string[] {
  const [a, b] = [splitHost(need), splitHost(allowed)]
  if (a.name !== b.name) return []
  if (a.port === null || a.port === b.port) return [allowed]
  return b.port === null ? [need] : []
}

/** Whether the path is the folder or lies in it, as written and also where links lead. */
function isInside(path: string, folder: string): boolean {
  const [real, realFolder] = [withoutLinks(path), withoutLinks(folder)]
  return liesIn(path, folder) && real !== null && realFolder !== null && liesIn(real, realFolder)
}

/** Whether the path is the folder or lies in it, as written. */
export function liesIn(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`)
}

/** The path with its links followed, as far as it exists; null when one leads nowhere yet, or in a circle. */
export function withoutLinks(path: string): string | null {
  try {
    return realpathSync(path)
  } catch {
    if (isLink(path)) return null
    const parent = dirname(path)
    const before = parent === path ? null : withoutLinks(parent)
    return before === null ? null : join(before, basename(path))
  }
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink()
  } catch {
    return false
  }
}

/** What is needed and not granted: it will be refused; and what is granted and not needed: it does nothing. */
export function grantWarnings(
  modules: readonly Module[],
  config: Pick<Config, 'file' | 'modules'>,
  source?: YamlSource,
): Problem[] {
  return modules.flatMap((module) => {
    const allow = Object.hasOwn(config.modules, module.name) ? config.modules[module.name]?.allow : undefined
    const of = (kind: Kind) => [
      ...(module.enabled ? ungranted(module, kind, config, source) : []),
      ...(allow?.[kind] ?? []).flatMap((entry, index) =>
        unneeded(module, { kind, entry, index }, config, source),
      ),
    ]
    return KINDS.flatMap(of)
  })
}

function ungranted(module: Module, kind: Kind, config: Pick<Config, 'file'>, source?: YamlSource): Problem[] {
  const missing = missingOf(module.manifest.needs, module.granted, kind)
  if (missing.length === 0) return []
  const list = missing.join(', ')
  const fault = {
    found: `no grant of ${kind} ${list}, which module ${module.name} needs`,
    expected: 'it if the module is to have it; without it, it is refused',
    hint: `add modules.${module.name}.allow.${kind}: [${missing.map((one) => JSON.stringify(one)).join(', ')}] to hookyard.yaml`,
  }
  return [problemAt(placeOf(config, ['modules', module.name, 'allow', kind], source), fault)]
}

/** Entries of `needs` of which nothing is granted. */
function missingOf(needs: Needs, granted: Needs, kind: Kind): string[] {
  return needs[kind].filter((need) =>
    kind === 'network'
      ? !granted.network.some((one) => bothHosts(need, one).length > 0)
      : !granted[kind].includes(need),
  )
}

/** For people: `network api.example.com`, `read /srv/data (not granted)` … */
export function describeNeeds(needs: Needs, granted: Needs): string[] {
  return KINDS.flatMap((kind) => {
    const missing = missingOf(needs, granted, kind)
    return needs[kind].map((need) => `${kind} ${need}${missing.includes(need) ? ' (not granted)' : ''}`)
  })
}

function unneeded(
  { name, manifest: { needs } }: Module,
  { kind, entry, index }: { kind: Kind; entry: string; index: number },
  config: Pick<Config, 'file'>,
  source?: YamlSource,
): Problem[] {
  if (grantedOf(needs, { ...NO_NEEDS, [kind]: [entry] })[kind].length > 0) return []
  const fault = {
    found: `${quote(entry)}, which module ${name} does not need`,
    expected: "something of the manifest's needs; this grants nothing",
    hint: `remove it, or add it to needs.${kind} in the module's module.yaml`,
  }
  return [problemAt(placeOf(config, ['modules', name, 'allow', kind, index], source), fault)]
}
