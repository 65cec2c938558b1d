// `modules.NAME` of hookyard.yaml laid over the manifest.
import type { Config, ModuleSettings } from '../config/config.ts'
import { placeOf } from '../config/feature-check.ts'
import type { ConfigSource } from '../config/load-config.ts'
import { NO_NEEDS } from '../config/needs.ts'
import type { PolicyOverrides } from '../config/schema-parts.ts'
import { problemAt } from '../config/problem.ts'
import type { Path, Problem } from '../config/problem.ts'
import { valueAt, withValue } from '../config/value-path.ts'
import { grantedOf } from './grants.ts'
import { compileSchema } from './json-schema-check.ts'
import type { Manifest, ManifestTrigger, Module, WindowPolicy } from './manifest.ts'

const NO_SETTINGS: ModuleSettings = {
  enabled: true,
  config: {},
  allow: NO_NEEDS,
  maxWorkers: null,
  budgets: { perRunUsd: null, perDayUsd: null },
}

/** The module with its settings; problems when its `config` does not fit the manifest's JSON Schema. */
export function applySettings(
  manifest: Manifest,
  config: Pick<Config, 'file' | 'modules'>,
  source?: ConfigSource,
): { module: Module; problems: Problem[] } {
  const settings = Object.hasOwn(config.modules, manifest.name) ? config.modules[manifest.name] : undefined
  const { enabled, config: given, allow, maxWorkers, budgets, ...overrides } = settings ?? NO_SETTINGS
  const checked = checkConfig(manifest, given, config, source)
  const module = {
    name: manifest.name,
    manifest: overridden(manifest, overrides),
    enabled,
    config: checked.value,
    granted: grantedOf(manifest.needs, allow),
    maxWorkers,
    budgets,
  }
  return { module, problems: checked.problems }
}

/**
 * The manifest with the overrides merged in key by key. Those of windows apply to every webhook trigger, but for
 * `debounce` and `max_wait`: where some trigger waits for quiet, an override changes how long, not which ones wait.
 */
export function overridden(manifest: Manifest, overrides: PolicyOverrides): Manifest {
  const someWait = manifest.triggers.some((trigger) => trigger.type === 'webhook' && trigger.debounceMs > 0)
  return {
    ...manifest,
    timeoutMs: overrides.timeoutMs ?? manifest.timeoutMs,
    retries: {
      max: overrides.retries?.max ?? manifest.retries.max,
      backoffMs: overrides.retries?.backoffMs ?? manifest.retries.backoffMs,
    },
    concurrency: overrides.concurrency ?? manifest.concurrency,
    triggers: manifest.triggers.map((trigger): ManifestTrigger =>
      trigger.type === 'webhook' ? { ...trigger, ...windowOf(trigger, overrides, !someWait) } : trigger,
    ),
  }
}

function windowOf(trigger: WindowPolicy, overrides: PolicyOverrides, mayStartToWait: boolean): WindowPolicy {
  const waits = mayStartToWait || trigger.debounceMs > 0
  const debounceMs = waits ? (overrides.debounceMs ?? trigger.debounceMs) : 0
  const window = {
    cooldownMs: overrides.cooldownMs ?? trigger.cooldownMs,
    onCooldown: overrides.onCooldown ?? trigger.onCooldown,
  }
  if (!waits) return { ...window, debounceMs: 0, maxWaitMs: trigger.maxWaitMs }
  return {
    ...window,
    debounceMs,
    maxWaitMs: Math.max(overrides.maxWaitMs ?? scaledMaxWait(trigger, debounceMs), debounceMs),
  }
}

/** A max_wait that was ten debounces stays ten debounces; another one stays what the author wrote. */
function scaledMaxWait(trigger: WindowPolicy, debounceMs: number): number {
  return trigger.maxWaitMs === 10 * trigger.debounceMs ? 10 * debounceMs : trigger.maxWaitMs
}

function checkConfig(
  manifest: Manifest,
  given: Readonly<Record<string, unknown>>,
  config: Pick<Config, 'file' | 'modules'>,
  source: ConfigSource | undefined,
): { value: Readonly<Record<string, unknown>>; problems: Problem[] } {
  // A schema that does not compile was told with the manifest already.
  const check = manifest.config === null ? null : compileSchema(manifest.config).check
  if (check === null) return { value: given, problems: [] }
  const prefix: Path = ['modules', manifest.name, 'config']
  let value: unknown = given
  let result = check(value)
  for (const { path, wants } of result.faults) {
    const better = retyped(valueAt(value, path), wants)
    if (better === undefined || source?.wholly.has(JSON.stringify([...prefix, ...path])) !== true) continue
    value = withValue(value, path, better)
  }
  if (value !== given) result = check(value)
  const problems = result.faults.map(({ path, fault }) =>
    problemAt(placeOf(config, [...prefix, ...path], source), fault),
  )
  return { value: result.value as Readonly<Record<string, unknown>>, problems }
}

/** A variable's text as the number or boolean that the schema wants. */
function retyped(value: unknown, wants: string | null): unknown {
  if (typeof value !== 'string') return undefined
  if (wants === 'boolean' && /^(true|false)$/.test(value)) return value === 'true'
  return (wants === 'number' || wants === 'integer') && /^[-+]?\d+(\.\d+)?$/.test(value)
    ? Number(value)
    : undefined
}
