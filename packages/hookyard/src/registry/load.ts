// An installation as its files describe it: configuration and modules together, or every problem of both at once.
// Used by the start, by SIGHUP, by `check` and by `simulate`.
import { resolve } from 'node:path'
import type { Config } from '../config/config.ts'
import { checkFeatures } from '../config/feature-check.ts'
import type { Variables } from '../config/interpolate.ts'
import { oncePerKey, readConfig } from '../config/load-config.ts'
import type { ConfigReading, ConfigSource } from '../config/load-config.ts'
import { ConfigError, inReadingOrder, type Place, placeIn, type Problem } from '../config/problem.ts'
import { hideSecrets } from '../config/show.ts'
import type { YamlSource } from '../config/yaml-source.ts'
import type { Log } from '../lib/log.ts'
import { grantWarnings } from './grants.ts'
import { indexModules, mergeModules } from './module-registry.ts'
import type { ModuleRegistry } from './module-registry.ts'
import { type ScannedModules, scanModules } from './scan-modules.ts'

export const DEFAULT_CONFIG_FILE = 'hookyard.yaml'

export interface InstallationOptions {
  /** Default: `hookyard.yaml`; relative paths start at `cwd`. */
  readonly file?: string | undefined
  /** The process's variables; `.env` beside the file adds to them. */
  readonly env: Variables
  readonly cwd: string
  /** The modules that come with the program. */
  readonly builtinModuleDirs: readonly string[]
  readonly log?: Log
}

export interface Installation {
  readonly config: Config
  readonly registry: ModuleRegistry
  readonly warnings: readonly Problem[]
  /** The process's variables and `.env`'s together. */
  readonly env: Variables
  /** For problems that are found later: the configuration's places … */
  readonly source: ConfigSource
  /** … and those of each manifest, by module name. */
  readonly manifestSources: ReadonlyMap<string, YamlSource>
}

/**
 * Reads the configuration and all manifests.
 * @throws ConfigError with the problems of all files.
 */
export function loadInstallation(options: InstallationOptions): Installation {
  const file = resolve(options.cwd, options.file ?? DEFAULT_CONFIG_FILE)
  const reading = readConfig({ file, env: options.env })
  const scanned = scanModules([...options.builtinModuleDirs, ...reading.moduleDirs], {
    placeOf: (dir) => placeOfDir(dir, reading),
    ...(options.log && { log: options.log }),
  })
  const { aboutModules, source } = reading
  if (aboutModules === null) throw new ConfigError([...reading.problems, ...scanned.problems])
  const others = scanned.complete ? scanned.bad.map(({ name }) => name) : null
  const { modules, problems: unfit } = mergeModules(scanned.manifests, aboutModules, source, others)
  const registry = indexModules(modules)
  const flags = flagsOf(scanned, registry)
  const unknown = flags === null ? [] : checkFeatures(aboutModules, flags, source)
  const said = inReadingOrder(oncePerKey([...reading.problems, ...unfit, ...unknown]))
  const inFile = hideSecrets(said, reading.secrets)
  const problems = [...inFile, ...scanned.problems]
  if (problems.length > 0 || reading.config === null) throw new ConfigError(problems)
  const { config } = reading
  const warnings = [...reading.warnings, ...grantWarnings(modules, config, source), ...scanned.warnings]
  return { config, registry, warnings, env: reading.env, source, manifestSources: scanned.sources }
}

/** Every flag that a module declares, a bad manifest's too; null when that cannot be told. */
function flagsOf({ complete, bad }: ScannedModules, registry: ModuleRegistry): readonly string[] | null {
  if (!complete || bad.some(({ flag }) => flag === undefined)) return null
  return [...registry.featureFlags(), ...bad.flatMap(({ flag }) => flag ?? [])]
}

function placeOfDir(dir: string, reading: ConfigReading): Place {
  const index = reading.moduleDirs.indexOf(dir)
  return index < 0 ? placeIn(dir) : reading.source.place(['module_dirs', index])
}
