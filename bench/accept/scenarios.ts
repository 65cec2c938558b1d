// What is sent: GitHub's own example payloads, signed, as the webhook of a repository sends them: without the field
// `installation`, which spares Probot a client per delivery.
import { createHmac } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { officialPayload } from '@hookyard/standins/payloads'
import type { Shot } from '../load/job.ts'

export const SECRET = 'benchmark-secret'

export interface Scenario {
  readonly name: string
  readonly says: string
  readonly events: readonly string[]
  readonly shots: readonly Shot[]
  /** Mean size of a body in bytes. */
  readonly bytes: number
}

type Example = readonly [event: string, action: string | null, index: number]

const SCENARIOS: Readonly<Record<string, { readonly says: string; readonly examples: readonly Example[] }>> =
  {
    // A built-in module listens to it, its flag is off: skipped for each user, and nothing to say.
    pull_request: {
      says: 'pull_request synchronize: module decisions, no message',
      examples: [['pull_request', 'synchronize', 0]],
    },
    mix: {
      says: 'push, issues opened, pull_request opened in turn: module decisions, each with a message',
      examples: [
        ['push', null, 4],
        ['issues', 'opened', 0],
        ['pull_request', 'opened', 1],
      ],
    },
  }

export const scenarioNames = (): readonly string[] => Object.keys(SCENARIOS)

/** Writes the bodies of a scenario into `folder`. @throws RangeError naming the scenarios that there are. */
export function prepareScenario(name: string, folder: string): Scenario {
  const found = SCENARIOS[name]
  if (!found) throw new RangeError(`there is no scenario ${name}; there is: ${scenarioNames().join(', ')}`)
  mkdirSync(folder, { recursive: true })
  const bodies = found.examples.map(([event, action, index]) => {
    const { installation: _, ...payload } = officialPayload(event, action, index)
    const body = Buffer.from(JSON.stringify(payload))
    return { event, body, file: join(folder, `${event}.json`) }
  })
  for (const { file, body } of bodies) writeFileSync(file, body)
  return {
    name,
    says: found.says,
    events: [...new Set(bodies.map(({ event }) => event))],
    shots: bodies.map(({ event, body, file }) => ({
      event,
      bodyFile: file,
      signature: createHmac('sha256', SECRET).update(body).digest('hex'),
    })),
    bytes: Math.round(bodies.reduce((sum, { body }) => sum + body.length, 0) / bodies.length),
  }
}
