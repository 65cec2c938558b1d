// Everything that a reload swaps, in one place: configuration, modules, users, agent, GitHub, senders. A swap
// happens whole or not at all, between two deliveries and two runs.
import { randomBytes } from 'node:crypto'
import { type Access, createAccess } from '../access/access.ts'
import { type Agent, createAgent } from '../broker/agent/agent.ts'
import { type GitHubBroker, createGitHubBroker } from '../broker/github/broker.ts'
import { createGitHub } from '../broker/github/client.ts'
import type { Config } from '../config/config.ts'
import { secretsOf } from '../config/secrets.ts'
import { ConfigError, formatProblems } from '../config/problem.ts'
import type { YamlSource } from '../config/yaml-source.ts'
import { UserError } from '../lib/errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { createRedactor, type Redactor } from '../lib/redactor.ts'
import type { ModuleRegistry } from '../registry/module-registry.ts'
import { withSwitches } from '../registry/switched.ts'
import { createBoxCheck } from '../run/box-problems.ts'
import type { FoundWalls } from '../run/find-walls.ts'
import { type HandlerShapes, inspectHandlers } from '../run/inspect-handlers.ts'
import type { ProcessPool } from '../run/process-pool.ts'
import type { ChatStore, EffectStore, ModuleSwitch, SwitchStore } from '../store/store.ts'
import { createSenders } from '../send/channels.ts'
import type { Sender } from '../send/sender.ts'

/** A configuration and the modules that were loaded with it, as `loadInstallation` reads them. */
export interface ServiceInstallation {
  readonly config: Config
  readonly registry: ModuleRegistry
  /** What child processes may inherit from (never passed on whole). */
  readonly env: NodeJS.ProcessEnv
  /** The lines of hookyard.yaml. */
  readonly source?: YamlSource
  /** The manifests' lines, for problems that their handlers show. */
  readonly manifestSources?: ReadonlyMap<string, YamlSource>
}

export interface InstalledParts {
  readonly config: Config
  readonly registry: ModuleRegistry
  readonly access: Access
  readonly handlers: HandlerShapes
  /** Modules that users have switched, over the configuration; `registry` has it in it. */
  readonly switches: ReadonlyMap<string, ModuleSwitch>
  readonly agent: Agent
  /** null: the installation has no GitHub credentials. */
  readonly github: GitHubBroker | null
  readonly senders: readonly Sender[]
  /** Takes this installation's secrets out of what modules say. */
  readonly redact: Redactor
}

export interface InstallContext {
  readonly pool: ProcessPool
  /** What stands here around modules. */
  readonly walls: FoundWalls
  readonly effects: EffectStore
  readonly switches: SwitchStore
  readonly chat: Pick<ChatStore, 'settings' | 'claims'>
  readonly clock: Clock
  readonly log: Log
}

/** Builds the parts of an installation. @throws ConfigError when a handler does not fit its manifest. */
export async function install(
  installation: ServiceInstallation,
  context: InstallContext,
): Promise<InstalledParts> {
  const { config, env, manifestSources } = installation
  const { clock, log } = context
  const switches = new Map((await context.switches.all()).map((one) => [one.module, one]))
  const registry = withSwitches(installation.registry, switches)
  const boxCheck = createBoxCheck({ config, found: context.walls, manifestSources, modules: registry.all() })
  return {
    config,
    registry,
    switches,
    access: await accessOf(config, registry, context.chat),
    handlers: await inspectHandlers(registry.all(), context.pool, manifestSources, boxCheck),
    redact: createRedactor(secretsOf(config)),
    agent: createAgent(config.agent, { environment: env, log, clock }),
    github: await createGitHubPart(config, context),
    senders: await createSenders(config, context),
  }
}

/** Who hears and who is who, with what users have set and claimed by now. */
async function accessOf(
  config: Config,
  registry: ModuleRegistry,
  chat: InstallContext['chat'],
): Promise<Access> {
  const [settings, claims] = await Promise.all([chat.settings(), chat.claims()])
  return createAccess(config, { settings, claims, featureFlags: registry.featureFlags() })
}

/** The parts with what users have set and claimed by now. */
export async function withSettings(
  parts: InstalledParts,
  { chat }: Pick<InstallContext, 'chat'>,
): Promise<InstalledParts> {
  return { ...parts, access: await accessOf(parts.config, parts.registry, chat) }
}

/**
 * The parts with this module switched, and the switch kept. What the configuration says anyway needs none.
 * @throws UserError wrong_state when its handler cannot be loaded
 */
export async function switchModule(
  parts: InstalledParts,
  { module: name, enabled, by }: Omit<ModuleSwitch, 'at'>,
  { pool, walls, switches: store, clock }: InstallContext,
): Promise<InstalledParts> {
  const module = parts.registry.get(name)
  if (!module) return parts
  const handlers = new Map(parts.handlers)
  if (enabled && !handlers.has(name)) {
    try {
      const boxCheck = createBoxCheck({
        config: parts.config,
        found: walls,
        modules: parts.registry.all(),
      })
      const shapes = await inspectHandlers([{ ...module, enabled }], pool, new Map(), boxCheck)
      for (const [of, shape] of shapes) handlers.set(of, shape)
    } catch (thrown) {
      if (!(thrown instanceof ConfigError)) throw thrown
      throw new UserError('wrong_state', `${name} cannot be switched on: ${formatProblems(thrown.problems)}`)
    }
  }
  const switches = new Map(parts.switches)
  if (enabled === (parts.config.modules[name]?.enabled ?? true)) {
    switches.delete(name)
    await store.remove(name)
  } else {
    const kept = { module: name, enabled, by, at: clock() }
    switches.set(name, kept)
    await store.set(kept)
  }
  const registry = withSwitches(parts.registry, new Map([[name, { enabled }]]))
  return { ...parts, registry, handlers, switches }
}

/** Settings, as the file names them, that differ and that a running service cannot change. */
export function fixedSettings(before: Config, after: Config): string[] {
  const keys = ['server', 'dataDir', 'database', 'isolation', 'workers', 'log'] as const
  return keys
    .filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]))
    .map((key) => (key === 'dataDir' ? 'data_dir' : key))
}

/** The next installation over the data of the running one, which stay where they are until the next start. */
export function overTheSameData(
  next: ServiceInstallation,
  { dataDir, database, isolation }: Config,
): ServiceInstallation {
  return { ...next, config: { ...next.config, dataDir, database, isolation } }
}

async function createGitHubPart(
  config: Config,
  { effects, clock, log }: InstallContext,
): Promise<GitHubBroker | null> {
  const { token, app, apiUrl } = config.github
  if (token === null && app === null) return null
  const markerKey = await effects.setting('marker_key', randomBytes(32).toString('base64url'))
  const github = createGitHub({ apiUrl, token, app, clock, log })
  return createGitHubBroker({ github, effects, markerKey, clock, log })
}
