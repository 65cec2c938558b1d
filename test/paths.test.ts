// `when.paths` of a pull request, over the whole service: GitHub tells the files, and the decision says what came of it.
import { afterEach, expect, test } from 'vitest'
import { officialPayload } from '@hookyard/standins/payloads'
import { type Given, closeInstallations, handler, openInstallation } from './installation.ts'

afterEach(closeInstallations)

const REPOSITORY = 'codertocat/hello-world'
const FILES = /\/pulls\/2\/files$/

const wanting = (paths: string[]): Given => ({
  modules: {
    picky: {
      manifest: {
        subject: 'pull_request',
        when: { paths },
        triggers: [{ webhook: 'pull_request', actions: ['opened'] }],
      },
      handler: handler(`return done('looked at it')`),
    },
  },
})

async function deliver(given: Given, { silent = false } = {}) {
  const at = await openInstallation(given)
  const payload = officialPayload('pull_request', 'opened') as Record<string, unknown>
  at.github.seedFromPayload(payload)
  if (silent) at.github.failNext({ path: FILES, status: 404 })
  const { guid } = await at.post('pull_request', payload)
  const decisions = await at.decisions(guid)
  const told = decisions
    .filter(({ module }) => module !== 'pr-review')
    .map(({ module, outcome, reason }) => [module, outcome, reason])
  return { at, told, runId: String(decisions.find(({ module }) => module === 'picky')?.run_id) }
}

test('a pull request outside the paths starts no run, and its people hear of it', async () => {
  const { at, told } = await deliver(wanting(['nothing/**']))
  expect(told).toEqual([
    ['picky', 'skipped', 'filtered:paths'],
    [null, 'notified', null],
  ])
  expect((await at.messagesSent(1))[0]?.text).toContain('PR #2 opened')
  // Who invokes a module has asked for the run: no filter holds it up.
  const { body } = await at.api('/api/modules/picky/invoke', { json: { entity: `${REPOSITORY}#2` } })
  expect(await at.ended(String(body['run_id']))).toMatchObject({ status: 'done' })
})

test('one inside the paths is taken', async () => {
  const { at, told, runId } = await deliver(wanting(['**']))
  expect(told).toEqual([['picky', 'ran', null]])
  expect(await at.ended(runId)).toMatchObject({ status: 'done' })
})

test('while GitHub does not tell, the run is there and looks for itself when it starts', async () => {
  const { at, told, runId } = await deliver(wanting(['nothing/**']), { silent: true })
  expect(told).toEqual([['picky', 'ran', 'paths_unknown']])
  expect(await at.ended(runId)).toMatchObject({ status: 'skipped', reason: 'filtered:paths' })
})
