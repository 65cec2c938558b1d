// Every official example payload goes in as a signed webhook and is decided; mangled ones never crash anything.
import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { createAccess } from '../packages/hookyard/src/access/access.ts'
import { CooldownTracker } from '../packages/hookyard/src/dispatch/cooldown-tracker.ts'
import { decide } from '../packages/hookyard/src/dispatch/decide.ts'
import { formatEvent } from '../packages/hookyard/src/send/format.ts'
import { allOfficialPayloads, officialPayload } from '@hookyard/standins/payloads'
import { binding, config, delivery, module, user } from './builders.ts'
import { type Decision, closeInstallations, handler, openInstallation, until } from './installation.ts'

afterEach(closeInstallations)

const EVENTS = [...new Set(allOfficialPayloads().map(({ event }) => event))]

test('all official payloads: accepted, and one decision per subscriber and matching module', async () => {
  const at = await openInstallation({
    users: [
      { name: 'alice', role: 'admin', chat_id: 111 },
      { name: 'bob', chat_id: 222, repos: ['codertocat/*', 'octo-org/*'], features: { off: false } },
    ],
    modules: {
      // Matches everything, and never runs: its flag is off for everybody.
      witness: {
        manifest: {
          subject: 'none',
          feature_flag: 'off',
          when: { ignore_bots: false },
          triggers: EVENTS.map((event) => ({ webhook: event })),
        },
        handler: handler(`return done('never')`),
      },
    },
    config: { telegram: { bot_token: '42:x', api_url: 'http://127.0.0.1:9', updates: 'off' } },
  })
  const sent: { guid: string; event: string }[] = []
  for (const { event, payload } of allOfficialPayloads()) {
    const { status, guid } = await at.post(event, payload)
    expect([event, status]).toEqual([event, event === 'ping' ? 200 : 202])
    if (event !== 'ping') sent.push({ guid, event })
  }
  expect(sent.length).toBeGreaterThan(300)
  for (const { guid, event } of sent) {
    const decisions = await at.decisions(guid)
    const keys = decisions.map(({ user: name, module: of }) => `${name}/${of}`)
    expect(new Set(keys).size, `${event} ${guid}: ${keys.join(' ')}`).toBe(keys.length)
    const users = new Set(decisions.map(({ user: name }) => name))
    for (const name of users) {
      expect(
        decisions.filter((decision: Decision) => decision.user === name && decision.module === 'witness'),
      ).toMatchObject([{ outcome: 'skipped', reason: 'feature_disabled' }])
      expect(
        decisions.filter((decision: Decision) => decision.user === name && decision.module === null),
      ).toHaveLength(1)
    }
  }
})

// ── mangled ──────────────────────────────────────────────────────────────────────────────────────

const replacement = fc.oneof(
  fc.constant(null),
  fc.constant(undefined),
  fc.integer(),
  fc.boolean(),
  fc.string({ maxLength: 40 }),
  fc.constant('x'.repeat(100_000)),
  fc.constant([]),
  fc.constant({}),
  fc.constant({ login: 5, name: [], full_name: {}, number: 'NaN', title: null }),
  fc.constant(Array.from({ length: 500 }, () => ({ id: null }))),
  fc.constant(deep(500)),
)

function deep(levels: number): unknown {
  let value: unknown = 'bottom'
  for (let level = 0; level < levels; level += 1) value = { inside: value }
  return value
}

/** Replaces the value at a random place of the payload. */
const mangled = fc
  .record({
    example: fc.constantFrom(...allOfficialPayloads()),
    steps: fc.array(fc.nat(1_000), { minLength: 1, maxLength: 4 }),
    value: replacement,
    times: fc.nat(3),
  })
  .map(({ example, steps, value, times }) => {
    const payload = structuredClone(example.payload) as Record<string, unknown>
    for (let time = 0; time <= times; time += 1) {
      let at: Record<string, unknown> = payload
      for (const step of steps.slice(0, -1).map((found) => found + time)) {
        const keys = Object.keys(at).filter((key) => typeof at[key] === 'object' && at[key] !== null)
        const key = keys[step % Math.max(keys.length, 1)]
        if (key === undefined) break
        at = at[key] as Record<string, unknown>
      }
      const keys = Object.keys(at)
      const key = keys[((steps.at(-1) ?? 0) + time) % Math.max(keys.length, 1)]
      if (key !== undefined) at[key] = structuredClone(value)
    }
    return { event: example.event, payload }
  })

const filtered = module('picky', {
  when: {
    draft: false,
    ignoreBots: true,
    branches: ['main', 'release/*'],
    labels: ['bug*'],
    authors: ['octo*'],
    paths: ['src/**'],
  },
})

test('mangled payloads: never a crash, always a named outcome, the neighbours unharmed', () => {
  const users = [
    user('alice', { role: 'admin', repos: [] }),
    user('bob', { repos: ['codertocat/*'], hear: 'mine', github: 'bob' }),
  ]
  const access = createAccess(config({ users }))
  const plain = module('plain')
  fc.assert(
    fc.property(mangled, ({ event, payload }) => {
      const plan = decide(delivery(event, payload), {
        access,
        registry: {
          bindingsFor: () => [binding(filtered, event), binding(plain, event)],
          cancelledBy: () => [plain],
          commandsFor: () => [],
          replacing: () => [],
        },
        tracker: new CooldownTracker([]),
        format: formatEvent,
        newRunId: () => 'run',
        now: 0,
      })
      const outcomes = ['ran', 'coalesced', 'skipped', 'notified', 'no_message']
      for (const decision of plan.decisions) {
        expect(outcomes).toContain(decision.outcome)
        expect(decision.reason ?? '').not.toMatch(/^error:/)
        if (decision.outcome === 'skipped') expect(decision.reason).toBeTruthy()
      }
      // Alice hears of everything, bob of what concerns him; each is decided once for each module.
      const pairs = plan.decisions.map(({ user: name, module: of }) => `${name}/${of}`)
      expect(new Set(pairs).size).toBe(pairs.length)
      expect(pairs).toContain('alice/plain')
      expect(pairs).toContain('alice/picky')
    }),
    { numRuns: 500 },
  )
})

test('mangled payloads over HTTP leave their well-formed neighbours unharmed', async () => {
  const at = await openInstallation({ users: [{ name: 'alice', role: 'admin', chat_id: 111 }] })
  const samples = fc.sample(mangled, 60)
  const guids: string[] = []
  for (const [index, { event, payload }] of samples.entries()) {
    if (event === 'ping') continue
    const { status, guid } = await at.post(event, payload)
    expect(status).toBe(202)
    guids.push(guid)
    if (index % 10 === 0) {
      const neighbour = await at.post('issues', officialPayload('issues', 'opened'))
      expect((await at.decisions(neighbour.guid)).at(-1)).toMatchObject({ outcome: 'notified' })
    }
  }
  for (const guid of guids) {
    const status = await until('a final state', async () => {
      const { body } = await at.api(`/api/deliveries/${guid}`)
      return body['status'] !== 'received' && body['status']
    })
    expect(status).toBe('dispatched')
  }
})
