// `hookyard check`: what the files and the handlers behind the manifests say, and every problem of them.
import { resolve } from 'node:path'
import type { Config } from '../config/config.ts'
import { environment } from '../config/env.ts'
import type { Variables } from '../config/interpolate.ts'
import { ConfigError, displayFile, formatProblems } from '../config/problem.ts'
import type { Problem } from '../config/problem.ts'
import { loadInstallation } from '../registry/load.ts'
import type { Installation } from '../registry/load.ts'
import { describeNeeds } from '../registry/grants.ts'
import type { Module } from '../registry/manifest.ts'
import { createBoxCheck, isolationProblems } from '../run/box-problems.ts'
import { describeWalls, type FoundWalls, findWalls, presentWalls } from '../run/find-walls.ts'
import { inspectHandlers } from '../run/inspect-handlers.ts'
import { createProcessPool } from '../run/process-pool.ts'
import { unsupportedSettings } from '../compose/start-problems.ts'
import { onlineChecks } from './check-online.ts'
import { CommandFailure } from './failure.ts'
import { builtinModuleDirs } from './package.ts'
import { describeTrigger, print } from './print.ts'

/** Prints the report. @throws CommandFailure when there are problems. */
export async function runCheckCommand(options: {
  readonly config: string
  readonly online?: boolean
  readonly json?: boolean
}): Promise<void> {
  const code = await runCheck({
    file: resolve(options.config),
    json: options.json,
    online: options.online,
    env: environment(),
    cwd: process.cwd(),
    builtinModuleDirs: builtinModuleDirs(),
    extraChecks: [checkHandlers, ...(options.online ? onlineChecks : [])],
    print: (report) => print(report, false, () => report),
  })
  if (code !== 0) throw new CommandFailure('the configuration has problems; they are listed above')
}

/** Loads every handler once, in its own process. */
async function checkHandlers(installation: Installation, found: FoundWalls): Promise<readonly Problem[]> {
  const { config, env, registry, manifestSources } = installation
  const pool = createProcessPool({ keep: 4, environment: env, walls: found.walls })
  try {
    await inspectHandlers(
      registry.all(),
      pool,
      manifestSources,
      createBoxCheck({ config, found, manifestSources, modules: registry.all() }),
    )
    return []
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown.problems
    throw thrown
  } finally {
    await pool.close()
  }
}

export interface CheckOptions {
  /** Default: `hookyard.yaml` in `cwd`. */
  readonly file?: string | undefined
  /** One JSON document instead of text. */
  readonly json?: boolean | undefined
  /** Only told here; what needs the network is among `extraChecks`. */
  readonly online?: boolean | undefined
  readonly env: Variables
  readonly cwd: string
  readonly builtinModuleDirs: readonly string[]
  /** Asked when the files are in order: handlers, and with `--online` tokens, webhooks, agent, disk, clock. */
  readonly extraChecks?: readonly ((
    installation: Installation,
    walls: FoundWalls,
  ) => Promise<readonly Problem[]>)[]
  /** Takes the result. */
  readonly print: (text: string) => void
}

/** Checks and prints. Returns the exit code: 0 when there is no problem (warnings are none), else 1. */
export async function runCheck(options: CheckOptions): Promise<number> {
  const { installation, walls, problems } = await examine(options)
  const warnings = installation?.warnings ?? []
  const summary = installation === null ? null : summaryOf(installation, walls)
  const ok = problems.length === 0
  if (options.json) options.print(`${JSON.stringify({ ok, ...summary, problems, warnings }, null, 2)}\n`)
  else options.print(`${render(summary, problems, warnings, options).join('\n')}\n`)
  return ok ? 0 : 1
}

async function examine(options: CheckOptions) {
  let installation: Installation | null = null
  // null: the files were not in order, and nothing was looked for.
  let walls: FoundWalls | null = null
  try {
    const loaded = (installation = loadInstallation(options))
    const { config, source } = loaded
    const found = (walls = await findWalls(config.isolation, loaded.env))
    const more = await Promise.all((options.extraChecks ?? []).map((check) => check(loaded, found)))
    const missing = isolationProblems(found, source.place(['isolation']))
    const problems = [...unsupportedSettings(config, source), ...missing, ...more.flat()]
    return { installation, walls, problems }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { installation, walls, problems: error.problems }
  }
}

type Summary = ReturnType<typeof summaryOf>

/** What was found, without secrets. */
function summaryOf({ config, registry }: Installation, walls: FoundWalls | null) {
  return {
    file: config.file,
    repos: config.repos,
    users: config.users.map(({ name, role, repos, address }) => ({
      name,
      role,
      repos,
      hears: channelOf(address),
    })),
    github: { login: loginOf(config), intake: config.github.intake, api_url: config.github.apiUrl },
    database: config.database === 'sqlite' ? 'sqlite' : 'postgres',
    data_dir: config.dataDir,
    agent: { backend: config.agent.backend, model: config.agent.model, fallback: config.agent.fallback },
    isolation: walls && presentWalls(walls),
    modules: registry.all().map(describeModule),
  }
}

const loginOf = ({ github }: Config) => (github.app ? 'app' : github.token === null ? 'none' : 'token')

/** The address's kind: a web hook's address is a secret. */
const channelOf = (address: string | null) =>
  address?.startsWith('telegram:') ? address : (address?.split(':', 1)[0] ?? 'log')

function describeModule({ name, enabled, manifest, granted }: Module) {
  const { description, subject, featureFlag: feature_flag, may, needs, dir } = manifest
  const triggers = manifest.triggers.map(describeTrigger)
  return { name, enabled, description, subject, feature_flag, triggers, may, needs, granted, dir }
}

function render(
  summary: Summary | null,
  problems: readonly Problem[],
  warnings: readonly Problem[],
  { cwd, online }: CheckOptions,
): string[] {
  const lines = summary === null ? [] : renderSummary(summary, cwd)
  if (warnings.length > 0)
    lines.push('', `${count(warnings.length, 'warning')}:`, formatProblems(warnings, cwd), '')
  if (problems.length > 0)
    return [...lines, `${count(problems.length, 'problem')}:`, formatProblems(problems, cwd)]
  const more = online ? '' : ' Offline part only: --online also tries tokens, webhooks and the agent.'
  return [...lines, `No problems.${more}`]
}

function renderSummary(summary: Summary, cwd: string): string[] {
  const { users, github, agent, isolation, modules } = summary
  const width = Math.max(0, ...modules.map(({ name }) => name.length))
  const rows: [string, string][] = [
    ['configuration', displayFile(summary.file ?? 'in memory', cwd)],
    ['repositories', summary.repos.join(', ') || 'none'],
    ['users', users.map(({ name, role, hears }) => `${name} (${role}, ${hears})`).join(', ')],
    ['github', `${github.login === 'none' ? 'no credentials' : github.login}, intake ${github.intake}`],
    ['database', `${summary.database}, data in ${displayFile(summary.data_dir, cwd)}`],
    ['agent', `${agent.backend}, model ${agent.model}${agent.fallback ? `, else ${agent.fallback}` : ''}`],
    ...(isolation ? describeWalls(isolation) : []).map((line, index): [string, string] => [
      index === 0 ? 'walls' : '',
      line,
    ]),
    ...modules.map(
      ({ name, enabled, triggers, feature_flag: flag, needs, granted }, index): [string, string] => {
        const what = triggers.join('; ') || 'invoke only'
        const notes = [
          flag === null ? null : `flag ${flag}`,
          enabled ? null : 'disabled',
          ...describeNeeds(needs, granted).map((need) => `needs ${need}`),
        ]
          .filter(Boolean)
          .join(', ')
        return [index === 0 ? 'modules' : '', `${name.padEnd(width)}  ${what}${notes && ` [${notes}]`}`]
      },
    ),
  ]
  if (modules.length === 0) rows.push(['modules', 'none'])
  return rows.map(([label, value]) => `${label.padEnd(14)} ${value}`.trimEnd())
}

const count = (number: number, word: string) => `${number} ${word}${number === 1 ? '' : 's'}`
