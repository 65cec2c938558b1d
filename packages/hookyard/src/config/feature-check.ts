// What hookyard.yaml says about modules can be judged only when these are loaded.
import type { Config, ModuleSettings, User } from './config.ts'
import { NO_NEEDS } from './needs.ts'
import { hintFor } from './hints.ts'
import { formatPath, placeIn, problemAt } from './problem.ts'
import type { Path, Problem } from './problem.ts'
import { asList, asMap } from './value-path.ts'
import type { YamlSource } from './yaml-source.ts'

/** What hookyard.yaml says about modules. */
export interface AboutModules {
  readonly file: string | null
  readonly modules: Readonly<Record<string, ModuleSettings>>
  readonly users: readonly Pick<User, 'features'>[]
}

/**
 * Of a file with problems, as far as modules can be judged by it: their names, their `config` and the users' flags.
 * What else it says of them has been judged already.
 */
export function readAboutModules(value: unknown, file: string): AboutModules {
  const { modules, users } = asMap(value)
  const budgets = { perRunUsd: null, perDayUsd: null }
  const settings = Object.entries(asMap(modules)).map(([name, said]) => {
    const config = asMap(asMap(said)['config'])
    return [name, { enabled: true, config, allow: NO_NEEDS, maxWorkers: null, budgets }] as const
  })
  const flags = (user: unknown) => Object.keys(asMap(asMap(user)['features'])).map((flag) => [flag, true])
  return {
    file,
    modules: Object.fromEntries(settings),
    users: asList(users).map((user) => ({
      features: Object.fromEntries(flags(user)) as Record<string, boolean>,
    })),
  }
}

/** Flags in `users[].features` that no module declares. */
export function checkFeatures(
  config: AboutModules,
  flags: readonly string[],
  source?: YamlSource,
): Problem[] {
  return config.users.flatMap((user, index) => {
    if (user.features === 'all') return []
    return unknown(Object.keys(user.features), flags).map((flag) => {
      const expected = 'a feature flag of a module'
      const fault = { found: 'a flag that no module declares', expected, hint: hintFor(flag, flags) }
      return problemAt(placeOf(config, ['users', index, 'features', flag], source), fault)
    })
  })
}

/** Keys of `modules` that are no module. */
export function checkModuleNames(
  config: AboutModules,
  names: readonly string[],
  source?: YamlSource,
): Problem[] {
  return unknown(Object.keys(config.modules), names).map((name) => {
    const fault = {
      found: 'a module that is not there',
      expected: 'the name of a module',
      hint: hintFor(name, names),
    }
    return problemAt(placeOf(config, ['modules', name], source), fault)
  })
}

/** Where a path of hookyard.yaml is written; without the source, the file and the key alone. */
export function placeOf(config: Pick<Config, 'file'>, path: Path, source?: YamlSource) {
  return source?.place(path) ?? placeIn(config.file ?? 'configuration', formatPath(path))
}

const unknown = (words: readonly string[], known: readonly string[]) =>
  words.filter((word) => !known.includes(word))
