// What a handler starts from.
import type { Module } from '../registry/manifest.ts'
import { type ClaimedRun, originalTrigger } from '../store/store.ts'
import type { RunInit } from './protocol.ts'

/** The run as its process is told of it. */
export function runInit(
  run: ClaimedRun,
  module: Module,
  loaded: RunInit['subject'],
  githubApiUrl: string,
): RunInit {
  return {
    runId: run.id,
    module: run.module,
    attempt: run.attempt,
    trigger: { ...run.trigger, data: triggerData(run) },
    input: run.input ?? {},
    config: module.config,
    entity: run.entity,
    recipients: run.recipients,
    state: run.state ?? null,
    subject: loaded,
    repository: run.repository,
    githubApiUrl,
  }
}

/** The trigger's own data, else the delivery's payload; a resumed run has that of its first cause with it. */
function triggerData({ trigger, payload }: ClaimedRun): unknown {
  const delivered = payload === null ? {} : (JSON.parse(payload) as Record<string, unknown>)
  if (trigger.type !== 'resume') return trigger.data ?? delivered
  const original = originalTrigger(trigger)
  return { ...trigger.data, original: { ...original, data: original.data ?? delivered } }
}
