// The commands as a shell runs them: what they print, how they end, and what they say when they cannot.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, test } from 'vitest'
import { officialPayload } from '../src/standin/payloads.ts'
import { openSqliteStore } from '../src/store/sqlite/open.ts'
import { type CommandOptions, hookyard } from './command-line.ts'
import { TOKEN, type TestInstallation, closeInstallations, openInstallation, until } from './installation.ts'

afterEach(closeInstallations)

const TALKING = {
  manifest: { subject: 'none', retries: { max: 0 }, triggers: [{ webhook: 'issues' }] },
  handler: `
    import { defineModule, done, failed, paused, skipped } from '@hookyard/sdk'
    const outcomes = { done: () => done('good'), failed: () => failed('bad'), skipped: () => skipped('dull'),
      paused: () => paused('Red or blue?', { options: [{ value: 'r', label: 'Red' }, 'blue'] }),
      strange: () => done('\\u001b[31mred\\u0007 ' + '\\u202e' + 'dlo'), throws: () => { throw new Error('it broke') } }
    export default defineModule({ handle: ({ trigger, input }) =>
      trigger.type === 'resume' ? done('it is ' + trigger.data.answer) : outcomes[input.how ?? 'done']() })`,
}

const open = () => openInstallation({ builtins: true, modules: { talking: TALKING } })
const run = (at: TestInstallation, args: readonly string[], more: Partial<CommandOptions> = {}) =>
  hookyard(args, { cwd: at.dir, ...more })
const json = async (at: TestInstallation, ...args: string[]) => {
  const { stdout } = await run(at, [...args, '--json'])
  return JSON.parse(stdout) as Record<string, unknown>
}

async function deliver(at: TestInstallation) {
  const { guid } = await at.post('issues', officialPayload('issues', 'opened'))
  const mine = (await at.decisions(guid)).find(({ module }) => module === 'talking')
  await at.ended(String(mine?.run_id))
  return { guid, runId: String(mine?.run_id) }
}

describe('invoke', () => {
  test('prints the result, and ends with 0 for done alone', async () => {
    const at = await open()
    const invoked = (how: string) => run(at, ['invoke', 'talking', '--input', JSON.stringify({ how })])
    const hows = ['done', 'failed', 'skipped', 'throws', 'paused'] as const
    const [good, bad, dull, broken, waiting] = await Promise.all(hows.map(invoked))
    expect(good).toMatchObject({ code: 0, stderr: '' })
    expect(good?.stdout).toMatch(/^done: talking on -, run \w{26}, .*\ngood\n$/)
    expect(bad).toMatchObject({ code: 1, stderr: 'hookyard: the run ended as failed (declared)\n' })
    expect(bad?.stdout).toMatch(/^failed \(declared\): talking on -, run .*\nbad\n$/)
    expect(dull).toMatchObject({ code: 1, stdout: expect.stringMatching(/^skipped \(dull\): talking on -/) })
    expect(broken).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^failed \(exhausted\): .*\nit broke\n$/),
    })
    expect(waiting?.code).toBe(1)
    expect(waiting?.stdout).toMatch(/^paused: .*\nRed or blue\?\n {2}r {12}Red\n {2}blue {9}blue\n$/)
    expect(waiting?.stderr).toMatch(
      /^hookyard: the run waits for an answer: hookyard answer \w{26} ANSWER\n$/,
    )
  })

  test('prints the run as one JSON document, takes its input from standard input, and is quiet in a pipe', async () => {
    const at = await open()
    const { code, stdout, stderr } = await run(at, ['invoke', 'talking', '--input', '-', '--json'], {
      input: '{"how":"done"}',
    })
    expect([code, stderr]).toEqual([0, ''])
    expect(JSON.parse(stdout)).toMatchObject({
      module: 'talking',
      status: 'done',
      result: { summary: 'good' },
    })
  })

  test('what a stranger wrote does not command the terminal', async () => {
    const at = await open()
    const { stdout } = await run(at, ['invoke', 'talking', '--input', '{"how":"strange"}'])
    expect(stdout).toMatch(/\n \[31mred +dlo\n$/)
    expect((await run(at, ['runs'])).stdout).not.toMatch(/[^\P{Cc}\n]/u)
  })

  test.each([
    ['a restart of a server that is named', freePort],
    ['one that gives the server of this folder another port and another token', () => 0],
  ])('follows a run over %s', async (_what, port) => {
    const at = await openInstallation({
      config: { server: { port: await port() } },
      modules: {
        talking: {
          manifest: { subject: 'none' },
          handler: `import { defineModule, done } from '@hookyard/sdk'
            export default defineModule({ handle: ({ run }) => run.attempt === 1 ? new Promise(() => setInterval(() => {}, 1000)) : done('after all') })`,
        },
      },
    })
    const named = { HOOKYARD_URL: at.service.url, HOOKYARD_TOKEN: TOKEN }
    const following = run(at, ['invoke', 'talking'], { env: port === freePort ? named : {} })
    await until('the run to be running', async () => {
      const { body } = await at.api('/api/runs?status=running')
      return (body['runs'] as unknown[]).length === 1
    })
    await at.restart()
    expect(await following).toMatchObject({ code: 0, stdout: expect.stringContaining('after all') })
  })
})

describe('a server', () => {
  test('that does not run is told how to be started', async () => {
    const at = await open()
    await at.stop()
    const asking = [['status'], ['invoke', 'talking'], ['runs', '--json'], ['replay', 'x'], ['mcp']]
    for (const { code, stdout, stderr } of await Promise.all(asking.map((args) => run(at, args)))) {
      expect([code, stdout]).toEqual([1, ''])
      expect(stderr).toContain('start it with `hookyard start --config hookyard.yaml`')
    }
  })

  test('that was killed is told the same', async () => {
    const at = await open()
    const file = join(at.dir, 'data', 'server.json')
    const content = readFileSync(file)
    await at.stop()
    writeFileSync(file, content)
    const { code, stderr } = await run(at, ['status'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/no server answers at http:\S+ \(ECONNREFUSED\): start it with/)
  })

  test('is found without a configuration, in the data folder of this folder, and by a file that lacks its secrets', async () => {
    const at = await open()
    const elsewhere = join(at.dir, 'elsewhere')
    mkdirSync(join(elsewhere, 'kept'), { recursive: true })
    mkdirSync(join(elsewhere, 'data'))
    const server = readFileSync(join(at.dir, 'data', 'server.json'))
    writeFileSync(join(elsewhere, 'data', 'server.json'), server)
    expect((await hookyard(['status'], { cwd: elsewhere })).code).toBe(0)
    writeFileSync(join(elsewhere, 'kept', 'server.json'), server)
    writeFileSync(join(elsewhere, 'h.yaml'), 'data_dir: ./kept\ngithub: { webhook_secret: "${NOT_HERE}" }\n')
    expect((await hookyard(['status', '--config', 'h.yaml'], { cwd: elsewhere })).code).toBe(0)
  })

  test('elsewhere is named by --url or HOOKYARD_URL, with HOOKYARD_TOKEN', async () => {
    const at = await open()
    const cwd = join(at.dir, 'elsewhere')
    mkdirSync(cwd)
    const { url } = at.service
    const status = (args: string[], env: NodeJS.ProcessEnv = {}) =>
      hookyard(['status', ...args], { cwd, env })
    expect((await status(['--url', `${url}/`], { HOOKYARD_TOKEN: TOKEN })).code).toBe(0)
    expect((await status([], { HOOKYARD_URL: url, HOOKYARD_TOKEN: TOKEN })).code).toBe(0)
    expect(await status(['--url', url])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('set HOOKYARD_TOKEN'),
    })
    expect(await status(['--url', url], { HOOKYARD_TOKEN: 'wrong' })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('this token is not known here; set HOOKYARD_TOKEN'),
    })
    expect(await status(['--url', 'nowhere'])).toMatchObject({ code: 2 })
  })

  test('that is none, or of another version, is told so', async () => {
    const at = await open()
    const another = createServer((_request, response) => response.end('<html>')).listen(0, '127.0.0.1')
    await new Promise((listening) => another.once('listening', listening))
    const url = `http://127.0.0.1:${(another.address() as { port: number }).port}`
    const { code, stderr } = await run(at, ['runs', '--url', url], { env: { HOOKYARD_TOKEN: 'x' } })
    expect([code, stderr]).toEqual([1, expect.stringContaining('answers otherwise than this version')])
    await new Promise((closed) => another.close(closed))
  })
})

describe('lists and actions', () => {
  test('tables for people, documents for programs', async () => {
    const at = await open()
    const { guid, runId } = await deliver(at)
    const { stdout: status } = await run(at, ['status'])
    expect(status).toMatch(/^server {6}http:.*\nagent {7}offline: .*\nmodules {5}3 on, 0 off\n/)
    expect(await json(at, 'status')).toMatchObject({ runs: { queued: 0 } })

    expect((await run(at, ['modules'])).stdout).toMatch(
      /\ntalking +on +issues; invoke +- +done codertocat\/hello-world#1 /,
    )
    expect(await json(at, 'modules')).toMatchObject({ modules: [{}, {}, { name: 'talking' }] })

    const { stdout: runs } = await run(at, ['runs', '--cost', '--module', 'talking'])
    expect(runs).toMatch(/^RUN +MADE \(UTC\) +MODULE +ABOUT +STATUS +COST +TOOK +RESULT\n/)
    expect(runs).toMatch(
      new RegExp(`\\n${runId} .* talking .* done +- .* good\\n\\$0.00 for these 1 runs\\n$`),
    )
    expect((await run(at, ['runs', '--status', 'failed'])).stdout).toBe('no runs\n')
    expect(await json(at, 'runs', '--limit', '1')).toMatchObject({ runs: [{ id: runId }], next_cursor: null })

    expect((await run(at, ['deliveries'])).stdout).toMatch(
      new RegExp(`\\n${guid} .* issues.opened +codertocat/hello-world#1 +.*ran talking`),
    )
    expect(await json(at, 'deliveries')).toMatchObject({ deliveries: [{ guid }] })
    expect(await run(at, ['runs', '--limit', '0'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('limit'),
    })
  })

  test('a page tells how to go on', async () => {
    const at = await open()
    await deliver(at)
    const { guid } = await deliver(at)
    const { stdout } = await run(at, ['deliveries', '--limit', '1'])
    const cursor = /\nmore: --cursor (\S+)\n$/.exec(stdout)?.[1] ?? ''
    const rest = await run(at, ['deliveries', '--limit', '1', '--cursor', cursor])
    expect(rest.stdout).not.toContain(guid)
    expect(rest.stdout.split('\n')).toHaveLength(3)
  })

  test('replay, retry, cancel, answer, disable, enable', async () => {
    const at = await open()
    const { guid, runId } = await deliver(at)
    expect((await run(at, ['replay', guid])).stdout).toMatch(
      new RegExp(
        `^delivery ${guid}, replay 1:\\n[^]* {2}alice · talking · ran \\(run \\w{26}\\)\\n {6}talking was given a run\\n`,
      ),
    )
    expect(await run(at, ['replay', 'nothing'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no such delivery'),
    })
    expect(await run(at, ['retry', runId])).toMatchObject({
      code: 1,
      stderr: 'hookyard: the run is done; only one that is failed or cancelled can be tried again\n',
    })
    const { id } = await json(at, 'invoke', 'talking', '--input', '{"how":"paused"}')
    const asking = String(id)
    expect((await run(at, ['cancel', asking])).stdout).toMatch(/ is cancelled\n$/)
    expect((await run(at, ['retry', asking])).stdout).toMatch(/ is queued again\n$/)
    expect(await at.ended(asking)).toMatchObject({ status: 'paused' })
    expect((await run(at, ['answer', asking, 'Red'])).stdout).toMatch(/ goes on\n$/)
    await until('the answer', async () => {
      const { body } = await at.api(`/api/runs/${asking}`)
      return (body['result'] as { summary: string | null }).summary === 'it is r'
    })
    expect((await run(at, ['disable', 'talking'])).stdout).toBe('talking is off\n')
    expect((await run(at, ['modules'])).stdout).toMatch(/\ntalking +off \(alice\) /)
    expect(await json(at, 'enable', 'talking')).toMatchObject({ name: 'talking', enabled: true })
  })
})

describe('why and simulate', () => {
  test('why reads the database when no server is named, and asks the server when one is', async () => {
    const at = await open()
    const { guid, runId } = await deliver(at)
    const asked = await run(at, ['why', guid], {
      env: { HOOKYARD_URL: at.service.url, HOOKYARD_TOKEN: TOKEN },
    })
    expect(asked.stdout).toContain(`alice · talking · ran (run ${runId})`)
    const document = await json(at, 'why', guid)
    await at.stop()
    expect((await run(at, ['why', guid])).stdout).toBe(asked.stdout)
    expect(await json(at, 'why', guid)).toEqual(document)
    expect(document).toMatchObject({ target: guid, deliveries: [{ guid, runs: [{ id: runId }] }] })
    expect((await run(at, ['why', 'nothing'])).code).toBe(1)
    expect((await run(at, ['why', 'a b'])).code).toBe(2)
  })

  test('simulate --stored tells what would be otherwise now, switches of users included', async () => {
    const at = await open()
    const { guid } = await deliver(at)
    const same = await run(at, ['simulate', '--stored'])
    expect(same.stdout).toBe('1 delivery: 1 as before, 0 otherwise. Nothing was stored, run or sent.\n')
    await run(at, ['disable', 'talking'])
    const { stdout } = await run(at, ['simulate', '--stored', guid])
    expect(stdout).toMatch(
      new RegExp(
        `^[-0-9: ]+ issues.opened {2}codertocat/hello-world#1 {2}${guid}\\n {2}- alice · talking · ran\\n {2}\\+ alice · talking · skipped: module_disabled\\n {2}\\+ alice · message · notified\\n\\n1 delivery: 0 as before, 1 otherwise`,
      ),
    )
    expect(await json(at, 'simulate', '--stored', '--since', '1h')).toMatchObject({
      decided: 1,
      changed: 1,
      deliveries: [{ guid, changed: true }],
    })
    const runs = (await at.api('/api/runs')).body['runs'] as unknown[]
    expect(runs).toHaveLength(1)
    expect((await run(at, ['simulate', '--stored', 'nothing'])).code).toBe(1)
  })

  test('wrong usage is told in a sentence and ends with 2', async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'hookyard-usage-'))
    const wrong = [
      ['simulate'],
      ['simulate', 'x.json'],
      ['simulate', '--stored', 'guid', '--since', '1h'],
      ['simulate', '--stored', '--event', 'push'],
      ['simulate', '--stored', '--since', 'long'],
      ['invoke'],
      ['invoke', 'talking', '--input', '{'],
      ['frobnicate'],
      ['runs', '--status', 'finished'],
      ['runs', '--limit', 'many'],
      ['deliveries', '--limit', '0'],
      ['new-module', 'Not A Name'],
      ['test-module', '.', '--event', 'push'],
      ['status', '--url', 'nowhere'],
    ]
    const ended = await Promise.all(wrong.map((args) => hookyard(args, { cwd })))
    expect(ended.map(({ code, stdout }) => [code, stdout])).toEqual(wrong.map(() => [2, '']))
    for (const { stderr } of ended) expect(stderr).not.toMatch(/\n\s+at |^$/)
  })

  test('whoever has read enough of the output ends the command, which says nothing of it', async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'hookyard-head-'))
    mkdirSync(join(cwd, 'wordy'))
    writeFileSync(join(cwd, 'wordy', 'module.yaml'), 'name: wordy\ndescription: Says much\nsubject: none\n')
    writeFileSync(
      join(cwd, 'wordy', 'handler.ts'),
      `import { defineModule, done } from '@hookyard/sdk'
       export default defineModule({ handle: () => done('x', { details: 'much '.repeat(100_000) }) })`,
    )
    const script = '"$0" "$1" test-module wordy --input "{}" --json | head -c 1'
    const shell = spawn('sh', ['-c', script, process.execPath, resolve('bin/hookyard.js')], { cwd })
    const [stdout, stderr] = await Promise.all([text(shell.stdout), text(shell.stderr)])
    expect([stdout, stderr]).toEqual(['{', ''])
  })
})

describe('backup', () => {
  test('through the running server, private, whole, and over nothing', async () => {
    const at = await open()
    const { guid } = await deliver(at)
    const file = join(at.dir, 'copy.db')
    const { code, stdout } = await run(at, ['backup', 'copy.db'])
    expect([code, stdout]).toEqual([0, `${file}: ${statSync(file).size} bytes\n`])
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const before = readFileSync(file)
    const again = await run(at, ['backup', 'copy.db'])
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('overwrites nothing')])
    expect(readFileSync(file).equals(before)).toBe(true)
    const copy = await openSqliteStore({ file, readOnly: true })
    expect(await copy.deliveries.get(guid)).toMatchObject({ guid })
    await copy.close()
  })

  test('of the file itself when no server runs', async () => {
    const at = await open()
    const { guid } = await deliver(at)
    await at.stop()
    expect(await json(at, 'backup', 'copy.db')).toMatchObject({ file: join(at.dir, 'copy.db') })
    const copy = await openSqliteStore({ file: join(at.dir, 'copy.db'), readOnly: true })
    expect(await copy.deliveries.get(guid)).toMatchObject({ guid })
    await copy.close()
  })

  test('of nothing is told', async () => {
    const at = await open()
    const cwd = join(at.dir, 'empty')
    mkdirSync(cwd)
    expect(await hookyard(['backup', 'copy.db'], { cwd })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('nothing is stored yet'),
    })
    expect(existsSync(join(cwd, 'copy.db'))).toBe(false)
  })
})

describe('modules of one’s own', () => {
  test('what new-module makes passes check and its own tests, and runs', async () => {
    const at = await open()
    const made = await run(at, ['new-module', 'greeter'])
    expect(made.stdout).toMatch(
      /^my-modules\/greeter: module.yaml, handler.ts, handler.test.ts\n {2}1\. change /,
    )
    expect((await run(at, ['new-module', 'greeter'])).code).toBe(1)
    expect((await run(at, ['check'])).stdout).toContain('greeter')
    expect(await run(at, ['test-module', 'my-modules/greeter'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/pass 2\n/),
    })
    writeFileSync(join(at.dir, 'pr.json'), JSON.stringify(officialPayload('pull_request', 'opened')))
    const tried = await run(at, ['test-module', 'my-modules/greeter', '--event', 'pull_request', 'pr.json'])
    expect(tried).toMatchObject({
      code: 0,
      stdout:
        'done: Greeted Codertocat\n  comment {"text":"Thank you, @Codertocat!","key":"greeting"}\n  message "Greeted Codertocat"\n',
    })
  })

  test('in a folder without a configuration, it says what to write into one', async () => {
    const at = await open()
    const cwd = join(at.dir, 'empty')
    mkdirSync(cwd)
    const { stdout } = await hookyard(['new-module', 'greeter'], { cwd })
    expect(stdout).toContain('add to hookyard.yaml: module_dirs: ["./my-modules"]')
    expect(
      JSON.parse((await hookyard(['new-module', 'other', '--dir', 'm', '--json'], { cwd })).stdout),
    ).toEqual({
      module: 'other',
      folder: join(cwd, 'm', 'other'),
      files: ['module.yaml', 'handler.ts', 'handler.test.ts'],
      listed: false,
    })
  })

  test('test-module tells what fails: the handler, a test, the manifest', async () => {
    const at = await open()
    const dir = join(at.dir, 'my-modules', 'talking')
    const tried = (how: string) => run(at, ['test-module', dir, '--input', JSON.stringify({ how })])
    expect(await tried('failed')).toMatchObject({ code: 1, stdout: expect.stringMatching(/^failed: bad\n/) })
    expect(await tried('throws')).toMatchObject({ code: 1, stderr: expect.stringContaining('it broke') })
    expect(JSON.parse((await run(at, ['test-module', dir, '--input', '{}', '--json'])).stdout)).toMatchObject(
      {
        module: 'talking',
        outcome: { status: 'done', summary: 'good' },
      },
    )
    writeFileSync(join(at.dir, 'push.json'), '{}')
    const otherwise = await run(at, ['test-module', dir, '--event', 'push', 'push.json'])
    expect(otherwise.stdout).toContain('this event would not start it: no trigger names push')
    writeFileSync(
      join(dir, 'handler.test.ts'),
      `import { test } from 'node:test'\ntest('x', () => { throw new Error('no') })\n`,
    )
    const { code, stdout, stderr } = await run(at, ['test-module', dir, '--json'])
    expect([code, JSON.parse(stdout)]).toEqual([
      1,
      { module: 'talking', tests: ['handler.test.ts'], passed: false },
    ])
    expect(stderr).toContain('handler.test.ts')
    writeFileSync(join(dir, 'module.yaml'), 'name: talking\nmay: [everything]\n')
    expect(await run(at, ['test-module', dir])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('module.yaml:2'),
    })
  })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((listening) => server.once('listening', listening))
  const { port } = server.address() as { port: number }
  await new Promise((closed) => server.close(closed))
  return port
}
