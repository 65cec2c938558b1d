// hookyard.yaml and .env -> Config, or every problem at once.
import { dirname, resolve } from 'node:path'
import { warningsOf } from './warnings.ts'
import { type Config, toConfig } from './config.ts'
import { findCredentials } from './credentials.ts'
import type { FoundCredentials } from './credentials.ts'
import { crossCheck } from './cross-checks.ts'
import { readEnvironment } from './dotenv.ts'
import { type AboutModules, checkFeatures, readAboutModules } from './feature-check.ts'
import { interpolate } from './interpolate.ts'
import type { Variables } from './interpolate.ts'
import { configJsonSchema } from './json-schema.ts'
import { ConfigError, inReadingOrder, problemAt } from './problem.ts'
import type { Problem } from './problem.ts'
import { configSchema } from './schema.ts'
import { secretsIn } from './secrets.ts'
import { hideSecrets } from './show.ts'
import { readTextFile } from './text-file.ts'
import { asList, asMap, asText } from './value-path.ts'
import { validate } from './validate.ts'
import { readYaml } from './yaml-source.ts'
import type { YamlSource } from './yaml-source.ts'

export interface LoadConfigOptions {
  /** Path of the file; relative ones start at the current folder. */
  readonly file: string
  /** The process's variables; they win over `.env` beside the file. */
  readonly env: Variables
  /** Flags that the loaded modules declare; without them `features` are not checked. */
  readonly moduleFlags?: readonly string[]
}

export interface LoadedConfig {
  readonly config: Config
  readonly warnings: readonly Problem[]
  /** For problems that are found later (modules). */
  readonly source: ConfigSource
  /** The process's variables and `.env`'s together. */
  readonly env: Variables
}

/** The file with its places, and which of its values were one variable. */
export interface ConfigSource extends YamlSource {
  readonly wholly: ReadonlySet<string>
}

/** What could be learnt of a file, good or bad. */
export interface ConfigReading extends Omit<LoadedConfig, 'config'> {
  /** Null when there are problems. */
  readonly config: Config | null
  /** What it says about modules, also when there are problems elsewhere; null when it cannot be read at all. */
  readonly aboutModules: AboutModules | null
  readonly problems: readonly Problem[]
  /** By value, for problems that are found later: what is told of a file holds none. */
  readonly secrets: readonly string[]
  /** Absolute; also of a bad file, as far as they can be read. */
  readonly moduleDirs: readonly string[]
}

/**
 * Reads, completes and validates the configuration.
 * @throws ConfigError with all problems.
 */
export function loadConfig(options: LoadConfigOptions): LoadedConfig {
  const { config, problems, warnings, source, env } = readConfig(options)
  if (config === null) throw new ConfigError(problems)
  return { config, warnings, source, env }
}

/** As `loadConfig`, but never throws. */
export function readConfig({ file, env, moduleFlags }: LoadConfigOptions): ConfigReading {
  const path = resolve(file)
  const hint =
    'write it: two lines are enough, repos: ["OWNER/NAME"] and notify: telegram:CHAT_ID (see README.md, "Use it ' +
    'for your repositories"), or name another file with --config; `hookyard demo` needs none'
  const read = readTextFile(path, 'the configuration file', hint)
  return readConfigText('text' in read ? read.text : '', path, {
    env,
    moduleFlags,
    problems: 'problem' in read ? [read.problem] : [],
  })
}

/** As `readConfig`, for text that stands (or would stand) in the file `path`. */
export function readConfigText(
  text: string,
  path: string,
  options: { env: Variables; moduleFlags?: readonly string[] | undefined; problems?: readonly Problem[] },
): ConfigReading {
  const dir = dirname(path)
  const environment = readEnvironment(dir, options.env)
  const yaml = readYaml(text, path)
  const { value, wholly, faults } = interpolate(yaml.value ?? {}, environment.variables)
  const source: ConfigSource = { ...yaml, wholly }
  const unread = options.problems ?? []
  const early = [
    ...unread,
    ...yaml.problems,
    ...environment.problems,
    ...faults.map(({ path: where, fault }) => problemAt(source.place(where), fault)),
  ]
  const moduleDirs = asList(asMap(value)['module_dirs']).flatMap((one) => {
    const folder = asText(one)
    return folder === undefined ? [] : [resolve(dir, folder)]
  })
  const reading = { source, env: environment.variables, moduleDirs }
  // Of an unreadable file everything would be missing: no more words about it.
  if (unread.length > 0 || !yaml.complete)
    return { ...reading, config: null, aboutModules: null, problems: early, warnings: [], secrets: [] }

  const checked = validate(configSchema, { source, jsonSchema: configJsonSchema, value, wholly })
  const credentials = findCredentials(checked.value, source, environment, dir)
  const problems = [...early, ...checked.problems, ...credentials.problems]
  problems.push(...crossCheck(checked.value, credentials, source))
  const secrets = secretsIn(checked.value, credentials)
  if (checked.data === undefined || problems.length > 0) {
    const report = hideSecrets(inReadingOrder(oncePerKey(problems)), secrets)
    const aboutModules = readAboutModules(checked.value, path)
    return { ...reading, config: null, aboutModules, problems: report, warnings: [], secrets }
  }
  const config = toConfig(checked.data, credentials, path, dir)
  return { ...finish(config, checked.value, credentials, reading, options.moduleFlags), secrets }
}

function finish(
  config: Config,
  value: unknown,
  credentials: FoundCredentials,
  reading: Pick<ConfigReading, 'source' | 'env' | 'moduleDirs'>,
  moduleFlags: readonly string[] | undefined,
): Omit<ConfigReading, 'secrets'> {
  const problems = moduleFlags === undefined ? [] : checkFeatures(config, moduleFlags, reading.source)
  const warnings = [...credentials.warnings, ...warningsOf(config, value, reading.source)]
  return { ...reading, config: problems.length > 0 ? null : config, aboutModules: config, problems, warnings }
}

/** What is said first about a key stays: the later ones follow from it. */
export function oncePerKey(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>()
  return problems.filter((problem) => {
    const key = `${problem.file}\n${problem.key}`
    if (problem.key === '') return true
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}
