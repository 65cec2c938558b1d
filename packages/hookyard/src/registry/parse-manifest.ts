// module.yaml -> Manifest, or its problems.
import { basename, dirname } from 'node:path'
import { collectInto, inReadingOrder, type Problem, type Say } from '../config/problem.ts'
import { showValue } from '../config/show.ts'
import { asMap } from '../config/value-path.ts'
import { validate } from '../config/validate.ts'
import { readYaml } from '../config/yaml-source.ts'
import type { YamlSource } from '../config/yaml-source.ts'
import { findHandler } from './handler-file.ts'
import { compileSchema } from './json-schema-check.ts'
import { type Manifest, toManifest } from './manifest.ts'
import { checkManifest } from './manifest-checks.ts'
import { manifestJsonSchema, manifestSchema, NAME_PATTERN } from './manifest-schema.ts'

export interface ParsedManifest {
  /** Null when there are problems. */
  readonly manifest: Manifest | null
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
  /** For problems that are found later (the handler). */
  readonly source: YamlSource
}

/**
 * Validates the text of a module.yaml. Never throws. `file` is its absolute path: the folder is the module's, its
 * name the module's name, and the handler must be a file in it.
 */
export function parseManifest(text: string, file: string): ParsedManifest {
  const source = readYaml(text, file)
  if (!source.complete) return { manifest: null, problems: source.problems, warnings: [], source }
  const problems: Problem[] = [...source.problems]
  const warnings: Problem[] = []
  const [fail, warn] = [collectInto(problems, source), collectInto(warnings, source)]
  const value = source.value ?? {}
  const checked = validate(manifestSchema, { source, jsonSchema: manifestJsonSchema, value })
  const raw = asMap(checked.value)
  const dir = dirname(file)
  checkName(raw['name'], basename(dir), fail)
  checkManifest(raw, fail, warn)
  const handler = findHandler(dir, typeof raw['handler'] === 'string' ? raw['handler'] : undefined)
  if ('fault' in handler) fail(['handler'], handler.fault)
  for (const key of ['input', 'config'] as const) {
    if (raw[key] === undefined || asMap(raw[key]) !== raw[key]) continue
    for (const { path, fault } of compileSchema(asMap(raw[key])).faults) fail([key, ...path], fault)
  }
  const all = inReadingOrder([...problems, ...withoutRepeats(checked.problems, problems)])
  if (checked.data === undefined || all.length > 0 || 'fault' in handler) {
    return { manifest: null, problems: all, warnings, source }
  }
  return { manifest: toManifest(checked.data, dir, handler.file), problems: [], warnings, source }
}

function checkName(name: unknown, folder: string, fail: Say): void {
  if (typeof name !== 'string' || !NAME_PATTERN.test(name) || name === folder) return
  const expected = `the folder's name, ${showValue(folder)}`
  fail(['name'], { found: showValue(name), expected, hint: 'rename the folder or the module' })
}

/** Of a trigger of two kinds, the schema's complaint about the second kind's keys says nothing new. */
function withoutRepeats(problems: readonly Problem[], said: readonly Problem[]): Problem[] {
  const keys = said.map(({ key }) => key).filter((key) => /^triggers\[\d+\]$/.test(key))
  return problems.filter((problem) => !keys.some((key) => problem.key.startsWith(`${key}.`)))
}
