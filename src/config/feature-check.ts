// What hookyard.yaml says about modules can be judged only when these are loaded.
import type { Config } from './config.ts'
import { hintFor } from './nearest.ts'
import { formatPath, problemAt } from './problem.ts'
import type { Path, Problem } from './problem.ts'
import type { YamlSource } from './yaml-source.ts'

/** Flags in `users[].features` that no module declares. */
export function checkFeatures(config: Config, flags: readonly string[], source?: YamlSource): Problem[] {
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
export function checkModuleNames(config: Config, names: readonly string[], source?: YamlSource): Problem[] {
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
export function placeOf(config: Config, path: Path, source?: YamlSource) {
  return (
    source?.place(path) ?? { file: config.file ?? 'configuration', line: 0, column: 0, key: formatPath(path) }
  )
}

const unknown = (words: readonly string[], known: readonly string[]) =>
  words.filter((word) => !known.includes(word))
