// The state of the service as the API writes it.
import { z } from 'zod'
import { named, time } from './shapes.ts'

const Isolation = named('Isolation', {
  mode: z.enum(['auto', 'required', 'permission']).describe('`isolation` of the configuration'),
  namespace: z.boolean().describe('Module processes run in a namespace of their own'),
  reason: z.string().describe('Why there is a namespace, or none'),
  fix: z.string().nullable().describe('What to do to have one'),
  permission: z.boolean().describe('Node’s permission model stands'),
  network_refused: z.boolean().describe('Module processes have no network'),
  open: z
    .string()
    .nullable()
    .describe(
      'What is open without a namespace; null: there is one, and SECURITY.md names what it leaves open',
    ),
})

export const Status = named('Status', {
  version: z.string(),
  started_at: time(),
  agent: z.object({ backend: z.string(), why: z.string() }).describe('What answers for the AI, and why it'),
  modules: z.object({ enabled: z.int(), disabled: z.int() }),
  isolation: Isolation,
  deliveries: z.object({ received: z.int().describe('Stored, and not yet dispatched') }),
  runs: z.object({ queued: z.int(), running: z.int(), paused: z.int() }),
  messages: z.object({ queued: z.int(), dead: z.int().describe('Refused for good') }),
})

/** `startedAt` in ms since the epoch; `isolation`: the walls around module processes. */
export interface About extends Pick<z.output<typeof Status>, 'version' | 'agent' | 'modules' | 'isolation'> {
  readonly startedAt: number
}
