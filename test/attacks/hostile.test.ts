// A module that was written to do harm, in a real module process: whatever it tries, GitHub sees nothing of it but what its
// manifest grants on the run's own subject. HOOKYARD_ATTACK_TABLE=1 prints what became of each try.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Arena, openArena, REPO } from './arena.ts'
import { HANDLER, HOSTILE } from './hostile-modules.ts'
import { beyondGrant, changes, snapshot } from './judge.ts'

const GRANTS: Readonly<Record<string, readonly string[]>> = {
  'hostile-bare': [],
  'hostile-granted': ['comment', 'review', 'label', 'check', 'project'],
}
const dir = mkdtempSync(join(tmpdir(), 'hookyard-hostile-'))
const arenas: { arena: Arena; own: string }[] = []
const table: Record<string, unknown>[] = []
let subject = 0

beforeAll(async () => {
  for (const [name, may] of Object.entries(GRANTS)) {
    mkdirSync(join(dir, name))
    const manifest = { name, subject: 'pull_request', may, retries: { max: 0 }, timeout: '20s' }
    writeFileSync(join(dir, name, 'module.yaml'), JSON.stringify(manifest))
    writeFileSync(join(dir, name, 'handler.ts'), HANDLER)
  }
  const options = { agent: () => ({}), moduleDirs: [dir] }
  const app = {
    metadata: 'read',
    contents: 'write',
    pull_requests: 'write',
    issues: 'write',
    checks: 'write',
    organization_projects: 'write',
  } as const
  arenas.push(
    { arena: await openArena(options), own: 'hookyard-bot' },
    { arena: await openArena({ ...options, app }), own: 'hookyard[bot]' },
  )
  for (const { arena } of arenas) {
    const { github } = arena
    github.createRepository('octo/private', { private: true })
    github.createIssue('octo/private', { number: 1, title: 'the secret plan', body: 'secret' })
    github.createProject('octo', 'Road Map')
    github.createLabel(REPO, 'bug')
    github.createIssue(REPO, { number: 1, title: 'An issue', user: 'carol' })
    subject = github.createPullRequest(REPO, { number: 2, title: 'The subject', user: 'alice' })
    github.createPullRequest(REPO, { number: 99, title: 'Another', user: 'dave' })
    for (const number of [2, 99]) {
      github.addComment(REPO, number, { login: 'carol', body: 'A stranger’s words' })
      github.commentOnLine(REPO, number, { login: 'carol', path: 'README.md', line: 2, body: 'On a line' })
    }
  }
})
afterAll(async () => {
  for (const { arena } of arenas) await arena.close()
  rmSync(dir, { recursive: true, force: true })
  if (process.env['HOOKYARD_ATTACK_TABLE']) process.stdout.write(`${JSON.stringify(table, null, 1)}\n`)
})

test.each(HOSTILE.map(({ name, body }) => [name, body]))('%s', async (name, body) => {
  for (const { arena, own } of arenas) {
    const { github } = arena
    for (const [module, may] of Object.entries(GRANTS)) {
      const see = () => snapshot(github, [REPO, 'octo/private'], [1, 2, 99])
      const [before, from] = [see(), github.requests.length]
      const ended = await arena.run(module, subject, { data: { body } })
      const changed = changes(before, see())
      const written = github.requests
        .slice(from)
        .filter(({ method, auth }) => method !== 'GET' && auth !== 'none')

      expect(beyondGrant(changed, { repository: REPO, number: subject, own })).toEqual([])
      expect(
        written
          .map(({ method, path, body: sent }) => `${method} ${path} ${told(sent)}`)
          .filter((line) => !granted(line)),
      ).toEqual([])
      if (may.length === 0) expect(changed).toEqual([])
      expect(secretsIn(arena, JSON.stringify(ended))).toEqual([])
      expect(github.reviews(REPO, subject).every(({ state }) => state !== 'APPROVED')).toBe(true)
      expect(github.labels(REPO)).toEqual(['bug'])
      expect(new Set(ended.settlement.messages.map(({ address }) => address)).size).toBeLessThanOrEqual(1)
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
      table.push({
        attack: name,
        as: own,
        may,
        ended: ended.status,
        tried: ended.details['tried'] ?? null,
        left: changed,
      })
    }
  }
})

/** GraphQL reads travel by POST too. */
const told = (sent: unknown): string => {
  const query = (sent as { query?: unknown } | null)?.query
  return typeof query === 'string' ? query.trim().split(/\s/)[0]! : ''
}

/** The requests that a grant on the subject leads to, and the App's own tokens. */
const granted = (line: string): boolean =>
  [
    /^POST \/graphql query $|^POST \/graphql query$/,
    /^POST \/app\/installations\/\d+\/access_tokens /,
    new RegExp(`^POST /repos/octo/hello/issues/${subject}/(comments|labels) $`),
    new RegExp(`^POST /repos/octo/hello/pulls/${subject}/(reviews|comments) $`),
    /^PATCH \/repos\/octo\/hello\/issues\/comments\/\d+ $/,
    /^PUT \/repos\/octo\/hello\/pulls\/2\/reviews\/\d+ $/,
    /^(POST|PATCH) \/repos\/octo\/hello\/check-runs(\/\d+)? $/,
  ].some((pattern) => pattern.test(line))

/** Secrets of the service that a module, or whoever reads its messages, has seen. */
const secretsIn = ({ github }: Arena, text: string): string[] =>
  [github.token, 'a-marker-key', 'PRIVATE KEY', 'ghs_', 'the secret plan'].filter((secret) =>
    text.includes(secret),
  )
