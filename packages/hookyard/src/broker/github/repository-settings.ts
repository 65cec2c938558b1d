// `.github/hookyard.yml`: what the people of a repository ask of the modules. Read from the default branch alone, so
// that a pull request cannot change it; validated here, so that modules get plain data.
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { toJsonSchema } from '../../config/json-schema.ts'
import { nearest } from '../../config/hints.ts'
import { type Problem, formatProblems, inReadingOrder, problemAt } from '../../config/problem.ts'
import { asMap } from '../../config/value-path.ts'
import { validate } from '../../config/validate.ts'
import { type YamlSource, readYaml } from '../../config/yaml-source.ts'
import type { RepositorySettingsFile, RepositorySettings } from '@hookyard/sdk/host'
import type { Call } from './call.ts'
import { readFile } from './reads.ts'
import type { RunScope } from './scope.ts'

export const SETTINGS_FILE = '.github/hookyard.yml'
const MAX_CHARS = 32_768
/** Of a broken file nobody reads more. */
const MAX_PROBLEMS = 5

const LANGUAGE = 'a language in plain words, like German or pt-BR'
const line = (max: number) => z.string().trim().min(1).max(max)

/** What of a module's configuration a repository may set; everything else is the operator's. */
const moduleSettings = z.strictObject({
  enabled: z.boolean().optional(),
  paths: z.array(line(300)).max(100).optional(),
  instructions: z.string().trim().max(4_000).optional(),
  max_findings: z.number().int().min(1).max(50).optional(),
  language: line(40)
    .regex(/^[\p{L}][\p{L} ()-]*$/u, { error: LANGUAGE })
    .optional(),
})

const settingsFile = z.strictObject({ modules: z.record(z.string(), moduleSettings).default({}) })
const settingsJsonSchema = toJsonSchema(settingsFile)

/** A text's settings for one module: what is right, and what is wrong with its part of the file. Never throws. */
export function parseSettings(
  text: string,
  module: string,
): { settings: RepositorySettings; problems: readonly string[] } {
  if (text.length > MAX_CHARS) {
    const problem = `${SETTINGS_FILE}: found ${text.length} characters, expected at most ${MAX_CHARS}.`
    return { settings: {}, problems: [problem] }
  }
  const source = readYaml(text, SETTINGS_FILE)
  if (source.problems.length > 0) return { settings: {}, problems: tell(source.problems) }
  const value = source.value ?? {}
  const read = validate(settingsFile, { source, jsonSchema: settingsJsonSchema, value })
  const { problems } = read
  // With problems too: what was spelled as a number is the text that it was meant as.
  const asked = asMap(asMap(asMap(read.data ?? read.value)['modules'])[module])
  const settings = Object.entries(moduleSettings.shape).flatMap(([key, schema]) => {
    const one = Object.hasOwn(asked, key) ? schema.safeParse(asked[key]) : undefined
    return one?.success && one.data !== undefined ? [[key, one.data] as const] : []
  })
  const others = Object.keys(asMap(asMap(value)['modules'])).filter((name) => name !== module)
  const concerns = problems.filter(({ key }) => !others.some((name) => isWithin(key, `modules.${name}`)))
  const misspelt = others.filter((name) => nearest(name, [module]) !== null)
  return {
    settings: Object.fromEntries(settings) as RepositorySettings,
    problems: tell([...concerns, ...misspelt.map((name) => unknownModule(source, name, module))]),
  }
}

const isWithin = (key: string, prefix: string): boolean => key === prefix || key.startsWith(`${prefix}.`)

const unknownModule = (source: YamlSource, name: string, module: string): Problem =>
  problemAt(source.place(['modules', name]), {
    found: 'the name of no module',
    expected: 'that of a module',
    hint: `write ${module}`,
  })

const tell = (problems: readonly Problem[]): string[] =>
  inReadingOrder(problems)
    .slice(0, MAX_PROBLEMS)
    .map((problem) => formatProblems([problem]))

/** `repo.settings()`: for the module of the run; no file, no settings. */
export async function readRepositorySettings(call: Call): Promise<RepositorySettingsFile> {
  const { deps, scope } = call
  const text = await readFile(call.of('file', [SETTINGS_FILE]))
  if (text === null) return { settings: {}, problems: [], report: null }
  const { settings, problems } = parseSettings(text, scope.module)
  if (problems.length === 0) return { settings, problems, report: null }
  const report = createHash('sha256').update(text).digest('hex').slice(0, 32)
  const told = await deps.effects.find(reportKey(scope, report))
  // Told on this very subject it is told again: the comment that says it is written anew each time.
  const elsewhere = told?.status === 'done' && told.receipt?.url !== scope.entity
  return { settings, problems: elsewhere ? [] : problems, report: elsewhere ? null : report }
}

const reportShape = z.string().regex(/^[0-9a-f]{32}$/)

/** `repo.settingsReported(report)`: the problems of that version of the file have been told on the run's subject. */
export async function noteSettingsReported(call: Call): Promise<void> {
  const { deps, scope } = call
  const report = call.arg(0, 'report', reportShape)
  const key = reportKey(scope, report)
  if ((await deps.effects.find(key))?.status === 'done') return
  await deps.effects.intend(key, scope.runId, report, deps.clock())
  await deps.effects.record(key, { id: scope.subject?.number ?? 0, url: scope.entity }, deps.clock())
}

const reportKey = (scope: RunScope, report: string) => ({
  module: scope.module,
  entity: scope.repository.toLowerCase(),
  kind: 'wishes', // the name under which earlier versions stored it
  key: report,
})
