// What a handler says it can do against what the manifest asks of it.
import { join } from 'node:path'
import { formatPath, placeIn, problemAt } from '../config/problem.ts'
import type { Path, Problem } from '../config/problem.ts'
import type { YamlSource } from '../config/yaml-source.ts'
import type { Manifest } from './manifest.ts'

/**
 * Problems when the handler's `events` (`pull_request.opened`, or `pull_request` for any action) do not cover the
 * manifest's webhook triggers, or its `subject` is another. Undefined = the handler does not say.
 */
export function checkSubset(
  manifest: Manifest,
  handlerEvents: readonly string[] | undefined,
  handlerSubject: string | undefined,
  source?: YamlSource,
): Problem[] {
  const problems: Problem[] = []
  const fail = (path: Path, found: string, expected: string, hint: string) => {
    const unknown = placeIn(join(manifest.dir, 'module.yaml'), formatPath(path))
    problems.push(problemAt(source?.place(path) ?? unknown, { found, expected, hint }))
  }
  if (handlerSubject !== undefined && handlerSubject !== manifest.subject) {
    const hint = 'make the manifest and the handler agree'
    fail(['subject'], manifest.subject, `${handlerSubject}, as the handler says`, hint)
  }
  if (handlerEvents === undefined) return problems
  const covered = new Set(handlerEvents)
  manifest.triggers.forEach((trigger, index) => {
    if (trigger.type !== 'webhook' || covered.has(trigger.event)) return
    const expected = `what the handler declares (${handlerEvents.join(', ') || 'no events'})`
    if (trigger.actions === null) {
      const hint = `add '${trigger.event}' to the handler's events, or list actions here`
      fail(['triggers', index, 'webhook'], `${trigger.event} (any action)`, expected, hint)
    }
    trigger.actions?.forEach((action, position) => {
      const name = `${trigger.event}.${action}`
      if (covered.has(name)) return
      fail(['triggers', index, 'actions', position], name, expected, `add '${name}' to the handler's events`)
    })
  })
  return problems
}
