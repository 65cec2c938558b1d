// Rules of module.yaml that join several keys or need GitHub's list of events. They read the raw value with
// tolerance: all problems come at once.
import { nearest } from '../config/hints.ts'
import type { Path, Say } from '../config/problem.ts'
import { quote } from '../config/show.ts'
import { asList, asMap } from '../config/value-path.ts'
import { parseDuration } from '../lib/duration.ts'
import { GITHUB_EVENTS } from './github-events.ts'

type Raw = Readonly<Record<string, unknown>>

const KINDS = ['webhook', 'command', 'schedule'] as const

/** Tells `fail` what stops the start, `warn` what only looks wrong. */
export function checkManifest(manifest: Raw, fail: Say, warn: Say): void {
  const triggers = asList(manifest['triggers']).map(asMap)
  triggers.forEach((trigger, index) => {
    const kinds = KINDS.filter((kind) => trigger[kind] !== undefined)
    if (kinds.length > 1) {
      const fault = {
        found: kinds.join(' and '),
        expected: 'one of them per trigger',
        hint: 'write one list entry each',
      }
      fail(['triggers', index], fault)
    }
    checkEvent(trigger, index, fail, warn)
    checkWindow(trigger, index, fail)
  })
  checkReach(manifest, triggers, fail, warn)
  checkShadowed(triggers, warn)
}

function checkEvent(trigger: Raw, index: number, fail: Say, warn: Say): void {
  const event = trigger['webhook']
  if (typeof event !== 'string' || !/^[a-z][a-z0-9_]*$/.test(event)) return
  if (!Object.hasOwn(GITHUB_EVENTS, event)) {
    const meant = nearest(event, Object.keys(GITHUB_EVENTS))
    const fault = { found: quote(event), expected: "an event of GitHub's published list" }
    if (meant !== null) fail(['triggers', index, 'webhook'], { ...fault, hint: `write ${meant}` })
    else warn(['triggers', index, 'webhook'], fault)
    return
  }
  asList(trigger['actions']).forEach((action, position) => {
    if (typeof action === 'string') checkAction(event, action, ['triggers', index, 'actions', position], warn)
  })
}

/** GitHub adds actions more often than events, so an unknown one is worth a word only. */
function checkAction(event: string, action: string, path: Path, warn: Say): void {
  const known = GITHUB_EVENTS[event]
  if (!known || known.includes(action)) return
  if (known.length === 0) {
    warn(path, { found: quote(action), expected: `no actions: ${event} has none`, hint: 'remove actions' })
    return
  }
  const meant = nearest(action, known)
  const hint = meant === null ? null : `write ${meant}`
  warn(path, { found: quote(action), expected: `an action of ${event} (${known.join(', ')})`, hint })
}

function checkWindow(trigger: Raw, index: number, fail: Say): void {
  if (trigger['max_wait'] === undefined) return
  const [debounce, maxWait] = [milliseconds(trigger['debounce'] ?? 0), milliseconds(trigger['max_wait'])]
  if (debounce === undefined || maxWait === undefined) return
  const path = ['triggers', index, 'max_wait']
  if (debounce === 0) {
    fail(path, {
      found: 'max_wait without debounce',
      expected: 'debounce too',
      hint: 'add debounce, or remove max_wait',
    })
  } else if (maxWait < debounce) {
    fail(path, {
      found: String(trigger['max_wait']),
      expected: `at least the debounce (${String(trigger['debounce'])})`,
    })
  }
}

function milliseconds(value: unknown): number | undefined {
  try {
    return typeof value === 'string' || typeof value === 'number' ? parseDuration(value) : undefined
  } catch {
    return undefined
  }
}

function checkReach(manifest: Raw, triggers: readonly Raw[], fail: Say, warn: Say): void {
  const { subject, may, invoke, cancel_on: cancelOn } = manifest
  if (subject === 'none' && asList(may).length > 0) {
    const fault = {
      found: 'grants without a subject',
      expected: 'nothing: a run may write on its subject only',
    }
    fail(['may'], { ...fault, hint: 'remove may, or name a subject' })
  }
  if (invoke === false && triggers.length === 0) {
    const fault = { found: 'no trigger, and invoke: false', expected: 'something that starts the module' }
    fail(['invoke'], { ...fault, hint: 'add a trigger, or remove invoke: false' })
  }
  const schedule = triggers.findIndex((trigger) => trigger['schedule'] !== undefined)
  if (schedule >= 0 && (subject === 'pull_request' || subject === 'issue')) {
    const found = `a schedule with subject: ${subject}`
    const hint = 'write subject: repository (one run per repository) or subject: none'
    warn(['triggers', schedule, 'schedule'], { found, expected: 'a subject that a tick can have', hint })
  }
  const events = triggers.flatMap(({ webhook }) => (typeof webhook === 'string' ? [webhook] : []))
  asList(cancelOn).forEach((action, index) => {
    const known = events.map((event) => (Object.hasOwn(GITHUB_EVENTS, event) ? GITHUB_EVENTS[event] : null))
    if (typeof action !== 'string' || known.some((list) => !list || list.includes(action))) return
    const expected =
      events.length === 0 ? 'nothing: there is no webhook trigger' : `an action of ${events.join(', ')}`
    const meant = nearest(
      action,
      known.flatMap((list) => list ?? []),
    )
    warn(['cancel_on', index], { found: quote(action), expected, hint: meant && `write ${meant}` })
  })
}

/** Of two bindings that match, the first counts: one behind a wider one is dead. */
function checkShadowed(triggers: readonly Raw[], warn: Say): void {
  triggers.forEach((trigger, index) => {
    if (typeof trigger['webhook'] !== 'string') return
    const earlier = triggers.slice(0, index).filter((other) => other['webhook'] === trigger['webhook'])
    const taken = new Set(earlier.flatMap((other) => asList(other['actions'])))
    const anyTaken = earlier.some((other) => other['actions'] === undefined)
    const actions = asList(trigger['actions'])
    if (!anyTaken && (actions.length === 0 || !actions.every((action) => taken.has(action)))) return
    const fault = {
      found: 'a trigger that an earlier one takes everything from',
      expected: 'actions of its own',
    }
    warn(['triggers', index], { ...fault, hint: 'put the narrower trigger first, or remove this one' })
  })
}
