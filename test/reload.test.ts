// SIGHUP: configuration and modules are swapped while the service runs; a bad file is kept out and says why.
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { until } from './installation.ts'
import { killServiceProcesses, startServiceProcess } from './service-process.ts'

afterEach(killServiceProcesses)

const TOKEN = 'a-token-that-nobody-guesses'

function write(dir: string, more: Record<string, unknown> = {}) {
  writeFileSync(
    join(dir, 'hookyard.yaml'),
    stringify({
      repos: ['octocat/*'],
      server: { port: 0 },
      github: { webhook_secret: 'secret-of-the-test' },
      module_dirs: ['./mods'],
      users: [{ name: 'alice', role: 'admin' }],
      api_tokens: [{ name: 'test', token: TOKEN, user: 'alice', scopes: ['*'] }],
      ...more,
    }),
  )
}

function writeModule(dir: string, name: string, said: string, more: Record<string, unknown> = {}) {
  mkdirSync(join(dir, 'mods', name), { recursive: true })
  writeFileSync(
    join(dir, 'mods', name, 'module.yaml'),
    stringify({ name, description: name, subject: 'none', triggers: [{ webhook: 'push' }], ...more }),
  )
  writeFileSync(
    join(dir, 'mods', name, 'handler.ts'),
    `import { defineModule, done } from '@hookyard/sdk'\nexport default defineModule({ handle: () => done('${said}') })\n`,
  )
}

test('a new module and a changed handler are taken in; a broken file is not', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'hookyard-reload-'))
  write(dir)
  writeModule(dir, 'first', 'before')
  const service = await startServiceProcess(join(dir, 'hookyard.yaml'))
  const invoke = async (name: string) => {
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }
    const answer = await fetch(`${service.url}/api/modules/${name}/invoke`, {
      method: 'POST',
      headers,
      body: '{}',
    })
    const { run_id } = (await answer.json()) as { run_id?: string }
    if (answer.status !== 202) return answer.status
    const run = await until('the run', async () => {
      const seen = (await (await fetch(`${service.url}/api/runs/${run_id}`, { headers })).json()) as {
        status: string
        result: { summary: string } | null
      }
      return seen.status === 'done' && seen
    })
    return run.result?.summary
  }
  expect(await invoke('first')).toBe('before')
  expect(await invoke('second')).toBe(404)

  writeModule(dir, 'first', 'after')
  writeModule(dir, 'second', 'new')
  process.kill(service.pid, 'SIGHUP')
  await until('the reload', () => service.output().includes('reloaded'))
  expect(await invoke('first')).toBe('after')
  expect(await invoke('second')).toBe('new')

  write(dir, { reposs: [] })
  process.kill(service.pid, 'SIGHUP')
  await until('the refusal', () => service.output().includes('kept out'))
  expect(service.output()).toMatch(/reposs.*unknown key/)
  expect(await invoke('second')).toBe('new')
})

/** A running service with one module, `first`, and how to call it and to reload. */
async function serviceWithFirst(more: Record<string, string> = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'hookyard-kept-'))
  const folder = join(dir, 'mods', 'first')
  write(dir)
  writeModule(dir, 'first', 'before')
  for (const [name, text] of Object.entries(more)) writeFileSync(join(folder, name), text)
  const service = await startServiceProcess(join(dir, 'hookyard.yaml'))
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }
  /** With an entity of its own each run has a process of its own. */
  const invoke = async (entity: string, name = 'first') => {
    const answer = await fetch(`${service.url}/api/modules/${name}/invoke`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ entity }),
    })
    const { run_id = '' } = (await answer.json()) as { run_id?: string }
    if (answer.status !== 202) return answer.status
    // Its journal, and not the API, which has a limit of questions a minute.
    const events = join(dir, 'data', 'modules', name, 'events')
    const file = await until('the run', () => readdirSync(events).find((one) => one.includes(run_id)))
    const { summary, reason } = JSON.parse(readFileSync(join(events, file), 'utf8')) as Record<
      string,
      unknown
    >
    return summary ?? reason
  }
  let reloads = 0
  /** Resolves with what the log says of it. */
  const reload = async () => {
    const ends = () => service.output().match(/configuration and modules reloaded|kept out/g) ?? []
    reloads = ends().length
    process.kill(service.pid, 'SIGHUP')
    await until('the reload', () => ends().length > reloads)
    return ends().at(-1)
  }
  return { dir, folder, invoke, reload }
}

const saying = (text: string) =>
  `import { defineModule, done } from '@hookyard/sdk'\nexport default defineModule({ handle: () => done(${text}) })\n`

describe('a reload that is kept out leaves the old handlers at work', () => {
  test.each<[string, string]>([
    ['a broken handler', 'this is ( no TypeScript'],
    ['a handler that throws', `throw new Error('not today')`],
    ['a handler of another subject', saying(`'after'`).replace('{ handle', `{ subject: 'issue', handle`)],
  ])(
    '%s: runs in warm and in new processes, as the registry, the users and the settings',
    async (_what, broken) => {
      const { dir, folder, invoke, reload } = await serviceWithFirst()
      expect(await invoke('octocat/warm')).toBe('before')
      writeFileSync(join(folder, 'handler.ts'), broken)
      writeModule(dir, 'second', 'new')
      write(dir, { repos: ['octocat/*', 'acme/*'] })
      expect(await reload()).toBe('kept out')
      expect(await invoke('octocat/warm')).toBe('before')
      expect(await invoke('octocat/new')).toBe('before')
      expect(await invoke('octocat/new', 'second')).toBe(404)
      expect(await invoke('acme/new')).toBe(403)

      writeFileSync(join(folder, 'handler.ts'), saying(`'after'`))
      expect(await reload()).toBe('configuration and modules reloaded')
      for (const entity of ['octocat/warm', 'octocat/new', 'acme/new'])
        expect(await invoke(entity)).toBe('after')
      expect(await invoke('octocat/new', 'second')).toBe('new')
    },
  )

  test('a bad manifest, and a bad configuration, with a handler that would fit', async () => {
    const { dir, folder, invoke, reload } = await serviceWithFirst()
    writeFileSync(join(folder, 'handler.ts'), saying(`'after'`))
    const manifest = readFileSync(join(folder, 'module.yaml'), 'utf8')
    writeFileSync(join(folder, 'module.yaml'), `${manifest}mya: []\n`)
    expect(await reload()).toBe('kept out')
    expect(await invoke('octocat/one')).toBe('before')
    writeFileSync(join(folder, 'module.yaml'), manifest)
    write(dir, { reposs: [] })
    expect(await reload()).toBe('kept out')
    expect(await invoke('octocat/two')).toBe('before')
    write(dir)
    expect(await reload()).toBe('configuration and modules reloaded')
    expect(await invoke('octocat/three')).toBe('after')
  })
})

test('an edit takes effect at a reload, whole: no run meets half of it, nor a file that is gone', async () => {
  const { folder, invoke, reload } = await serviceWithFirst({
    'handler.ts': saying(`[part, other.c, json.a, typeof import.meta.url, read()].join()`).replace(
      '\n',
      `\nimport { part, read } from './part.ts'\nimport other from './other.cjs'\nimport json from './json.json' with { type: 'json' }\n`,
    ),
    'part.ts': `import { readFileSync } from 'node:fs'\nexport const part: string = 'p1'\nexport const read = () => readFileSync(new URL('./data.txt', import.meta.url), 'utf8')\n`,
    'other.cjs': `module.exports = { c: require('./deep.cjs') }\n`,
    'deep.cjs': `module.exports = 'c1'\n`,
    'json.json': '{"a":"j1"}',
    'data.txt': 'd1',
  })
  expect(await invoke('octocat/one')).toBe('p1,c1,j1,string,d1')
  writeFileSync(join(folder, 'part.ts'), `export const part = 'half'\n`)
  writeFileSync(join(folder, 'deep.cjs'), `module.exports = 'c2'\n`)
  rmSync(join(folder, 'json.json'))
  writeFileSync(join(folder, 'data.txt'), 'd2')
  // What a handler reads by itself is as it is now; what it is made of is as it was inspected.
  expect(await invoke('octocat/two')).toBe('p1,c1,j1,string,d2')
  expect(await reload()).toBe('kept out')
  expect(await invoke('octocat/three')).toBe('p1,c1,j1,string,d2')
  writeFileSync(join(folder, 'handler.ts'), saying(`'whole'`))
  expect(await reload()).toBe('configuration and modules reloaded')
  expect(await invoke('octocat/four')).toBe('whole')
})

test('another data_dir waits for the next start; what else the file says is taken in', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'hookyard-elsewhere-'))
  write(dir)
  writeModule(dir, 'first', 'before')
  const service = await startServiceProcess(join(dir, 'hookyard.yaml'))
  const modules = async () => {
    const answer = await fetch(`${service.url}/api/modules`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    })
    return ((await answer.json()) as { modules: { name: string }[] }).modules.map(({ name }) => name)
  }

  write(dir, { data_dir: './elsewhere' })
  writeModule(dir, 'second', 'new')
  process.kill(service.pid, 'SIGHUP')
  await until('an end of the reload', () => /reloaded|kept out/.test(service.output()))
  expect(service.output()).toMatch(/"key":"data_dir".*takes effect at the next start/)
  expect(service.output()).toContain('configuration and modules reloaded')
  expect(await modules()).toContain('second')
  expect(existsSync(join(dir, 'elsewhere'))).toBe(false)
})

test('server.json is private to its owner and gone after a stop', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'hookyard-file-'))
  write(dir)
  mkdirSync(join(dir, 'mods'))
  const service = await startServiceProcess(join(dir, 'hookyard.yaml'))
  const file = join(dir, 'data', 'server.json')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ url: service.url, pid: service.pid })
  await service.kill('SIGTERM')
  expect(existsSync(file)).toBe(false)
})

test('a stop in the middle of a reload ends the service', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'hookyard-stop-'))
  const loads = join(dir, 'loads')
  writeFileSync(loads, '')
  // More than are loaded at a time, so that the last ones are started after the stop.
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
  write(dir, { modules: Object.fromEntries(names.map((name) => [name, { allow: { write: [loads] } }])) })
  for (const name of names) {
    writeModule(dir, name, 'x', { needs: { write: [loads] } })
    appendFileSync(
      join(dir, 'mods', name, 'handler.ts'),
      `import { appendFileSync } from 'node:fs'\nappendFileSync('${loads}', '.')\n`,
    )
  }
  const service = await startServiceProcess(join(dir, 'hookyard.yaml'))
  const before = readFileSync(loads, 'utf8').length
  process.kill(service.pid, 'SIGHUP')
  await until('a handler to be loaded again', () => readFileSync(loads, 'utf8').length > before)
  await service.kill('SIGTERM')
  expect(service.output()).toContain('stopped')
})

test('what works otherwise than its author thinks is a warning in the log, at the start and at a reload', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'hookyard-warned-'))
  mkdirSync(join(dir, 'mods'))
  const github = { webhook_secret: 'secret-of-the-test', token: 'a-token', intake: 'both' }
  write(dir, { github })
  const service = await startServiceProcess(join(dir, 'hookyard.yaml'))
  const warned = (intake: string) =>
    service
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as { level: number; key?: string; line?: number; msg: string })
      .filter(({ key, msg }) => key === 'github.intake' && msg.includes(`found ${intake},`))
  expect(warned('both')).toMatchObject([{ level: 40, msg: expect.stringContaining('not built yet') }])
  expect(warned('both')[0]?.line).toBeGreaterThan(1)
  write(dir, { github: { ...github, intake: 'poll' } })
  process.kill(service.pid, 'SIGHUP')
  await until('the warning', () => warned('poll').length > 0)
})
