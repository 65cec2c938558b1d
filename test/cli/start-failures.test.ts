// A start that fails, wherever it does, ends with exit code 1 and a message, and leaves nothing behind that answers.
import SqliteConnection from 'better-sqlite3'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { ConfigError, formatProblems } from '../../packages/hookyard/src/config/problem.ts'
import { type Clock, systemClock } from '../../packages/hookyard/src/lib/clock.ts'
import { toError } from '../../packages/hookyard/src/lib/errors.ts'
import { silentLog } from '../../packages/hookyard/src/lib/log.ts'
import { type Service, startService } from '../../packages/hookyard/src/compose/main.ts'
import { loadInstallation } from '../../packages/hookyard/src/registry/load.ts'
import { claimedIds, newRun } from '../../packages/hookyard/testing/store-contract/builders.ts'
import { openSqliteStore } from '../../packages/hookyard/src/store/sqlite/open.ts'
import { hookyardProcess } from '../command-line.ts'
import { until } from '../installation.ts'

const root = resolve(import.meta.dirname, '..', '..')

/** A folder with a configuration that works, without modules. */
function folder(port = 0): { dir: string; data: string; database: string; configFile: string } {
  const dir = mkdtempSync(join(tmpdir(), 'hookyard-start-'))
  const configFile = join(dir, 'hookyard.yaml')
  writeFileSync(
    configFile,
    `repos: [a/b]\nserver: { port: ${port} }\nmodules: { pr-review: { enabled: false }, issue-triage: { enabled: false } }\n`,
  )
  const data = join(dir, 'data')
  return { dir, data, database: join(data, 'hookyard.db'), configFile }
}

type Place = ReturnType<typeof folder>

/** A database as an earlier service left it, with a run under way; then a statement that breaks it. */
async function brokenDatabase({ database }: Place, statement: string): Promise<void> {
  const store = await openSqliteStore({ file: database })
  await store.runs.create(newRun('r1'))
  await claimedIds(store, 1_000)
  await store.close()
  const connection = new SqliteConnection(database)
  connection.exec(statement)
  connection.close()
}

const refusing = (what: string) =>
  `create trigger injected before ${what} begin select raise(abort, 'an injected fault'); end`
const inTheWay = (path: string) => mkdirSync(join(path, 'in-the-way'), { recursive: true })

const FAULTS: readonly [step: string, break_: (place: Place) => unknown, words: RegExp][] = [
  ['the folder', ({ data }) => writeFileSync(data, ''), /data_dir: found .*data is a file/],
  ['the lock', ({ database }) => inTheWay(`${database}.lock`), /unable to open database file/],
  [
    'an empty database',
    ({ data, database }) => (mkdirSync(data), writeFileSync(database, '')),
    /is empty \(0 bytes\)/,
  ],
  [
    'what is no database',
    ({ data, database }) => (mkdirSync(data), writeFileSync(database, 'notes '.repeat(500))),
    /is no database; correct data_dir/,
  ],
  [
    'newer tables',
    (place) => brokenDatabase(place, `insert into kysely_migration values ('9999-later', '2030-01-01')`),
    /newer version of hookyard/,
  ],
  [
    'the switches',
    (place) => brokenDatabase(place, 'drop table module_switches'),
    /no such table: module_switches/,
  ],
  [
    'the settings by chat',
    (place) => brokenDatabase(place, 'drop table user_settings'),
    /no such table: user_settings/,
  ],
  ['the signing key', ({ data }) => inTheWay(join(data, 'notify-key')), /notify-key/],
  ['the runs of before', (place) => brokenDatabase(place, refusing('update on runs')), /an injected fault/],
  ['server.json', ({ data }) => inTheWay(join(data, 'server.json')), /data_dir: found .*server\.json/],
]

const env = { GITHUB_WEBHOOK_SECRET: 'secret-of-the-test' }

async function start({ dir, configFile }: Place, clock: Clock = systemClock): Promise<Service> {
  const builtinModuleDirs = [join(root, 'modules')]
  const installation = await loadInstallation({ file: configFile, env, cwd: dir, builtinModuleDirs })
  return startService({ installation, log: silentLog, clock })
}

test.each(FAULTS)('a start that fails at %s says why', async (_step, break_, words) => {
  const place = folder()
  await break_(place)
  const failure = await start(place).then(
    () => 'it started',
    (thrown) => (thrown instanceof ConfigError ? formatProblems(thrown.problems) : toError(thrown).message),
  )
  expect(failure).toMatch(words)
  expect(existsSync(join(place.data, 'server.json', 'url'))).toBe(false)
})

test('a start that fails at its last step exits with 1, and says why on stderr', async () => {
  const [, break_, words] = FAULTS.at(-1)!
  const place = folder()
  await break_(place)
  const { code, stdout, stderr } = await hookyardProcess(['start'], { cwd: place.dir, env })
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(words)
})

test('a start that does not come to its end is ended by SIGTERM', async () => {
  const { dir, data, configFile } = folder()
  mkdirSync(join(dir, 'mods', 'endless'), { recursive: true })
  writeFileSync(configFile, 'repos: [a/b]\nmodule_dirs: [./mods]\nserver: { port: 0 }\n')
  const manifest = 'name: endless\ndescription: Never loads\nsubject: none\ntriggers: [{ webhook: push }]\n'
  writeFileSync(join(dir, 'mods', 'endless', 'module.yaml'), manifest)
  writeFileSync(join(dir, 'mods', 'endless', 'handler.js'), 'for (;;);')
  const child = spawn(process.execPath, [join(root, 'bin', 'hookyard.js'), 'start'], {
    cwd: dir,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const [stderr, [code]] = await Promise.all([
    text(child.stderr),
    once(child, 'exit'),
    until('the database to be open', () => existsSync(join(data, 'hookyard.db.owner'))).then(() =>
      child.kill('SIGTERM'),
    ),
  ])
  expect(code).toBe(1)
  expect(stderr).toContain('hookyard: it was asked to stop while it was starting')
  expect(stderr).not.toContain('did not load')
})

test('a start that finds its port taken exits with 1, and the way is free for the next', async () => {
  const other = createServer()
  const port = await new Promise<number>((resolve) =>
    other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port)),
  )
  const place = folder(port)
  const { code, stderr } = await hookyardProcess(['start'], { cwd: place.dir, env })
  await new Promise((resolve) => other.close(resolve))
  expect([code, existsSync(join(place.data, 'server.json'))]).toEqual([1, false])
  expect(stderr).toContain(`port ${port} of 127.0.0.1 is taken`)
  await (await openSqliteStore({ file: place.database })).close()
})

test('whichever of its steps fails, a start leaves neither a port nor a database open', async () => {
  const place = folder()
  // Each step looks at the clock somewhere: the first look fails, then the second, and so on until a start gets through.
  const failures: string[] = []
  let service: Service | undefined
  while (!service && failures.length < 30) {
    let looks = 0
    let failed = false
    const clock = () => {
      looks += 1
      if (failed || looks <= failures.length) return Date.now()
      failed = true
      throw new Error(`look ${looks}`)
    }
    service = await start(place, clock).catch((thrown: Error) => {
      failures.push(thrown.message)
      return undefined
    })
    expect(existsSync(join(place.data, 'server.json'))).toBe(service !== undefined)
  }
  await service?.stop(0)
  expect(failures).toEqual(failures.map((_, n) => `look ${n + 1}`))
  expect(failures.length).toBeGreaterThan(3)
})
