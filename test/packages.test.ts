// What npm would publish, as a stranger installs it: packed, put into an empty folder, started, and used by a TypeScript module.
// It needs npm's registry and minutes: only where HOOKYARD_PACKAGES is set.
import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '..')
const MAX_INSTALL_MB = 170
const PACKAGES = [
  'packages/sdk',
  'packages/standins',
  'packages/hookyard',
  'modules/pr-review',
  'modules/issue-triage',
]
/** Lines of the handler: where it builds the greeting, and where it throws. */
const GREETS_ON = 6
const THROWS_ON = 9
const HANDLER = `import { defineModule, done, type Repository } from '@hookyard/sdk'

interface Greeting { readonly text: string }

const greet = (repository: Repository | undefined, name: string): Greeting =>
  ({ text: \`hello \${name}\${repository ? \` of \${repository.full_name}\` : ''}\` })

function refuse(name: string): never {
  throw new Error(\`nobody is called \${name}\`)
}

export default defineModule({
  subject: 'none',
  async handle({ input, log }) {
    const { name } = input as { readonly name: string }
    log.info('greeting')
    if (name === '') refuse('that')
    return done(greet(undefined, name).text)
  },
})
`
const TEST = `import { runModule } from '@hookyard/sdk/testing'
import greeter from './handler.ts'

const { outcome }: { outcome: { status: string } } = await runModule(greeter, { input: { name: 'ada' } })
if (outcome.status !== 'done') throw new Error(outcome.status)
`
const CONFIG = `github: { webhook_secret: packed, token: none }
server: { port: 0 }
log: { level: debug }
module_dirs: [./my-modules]
`

describe.runIf(process.env['HOOKYARD_PACKAGES'])('the packages', { timeout: 600_000 }, () => {
  const work = mkdtempSync(join(tmpdir(), 'hookyard-packages-'))
  const tarballs = join(work, 'tarballs')
  const folder = join(work, 'installed')
  const env = {
    ...process.env,
    PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH']}`,
    NODE_COMPILE_CACHE: '',
  }
  const inFolder = (program: string, ...args: string[]) => run(program, args, { cwd: folder, env })
  const npx = (...args: string[]) => inFolder('npx', '--no-install', ...args)

  beforeAll(async () => {
    const checkout = join(work, 'checkout')
    // Packing rewrites package.json for a moment: not in the tree that other tests use.
    const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
      cwd: root,
      encoding: 'utf8',
    })
    for (const file of listed.trim().split('\n')) cpSync(join(root, file), join(checkout, file))
    symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'))
    mkdirSync(tarballs)
    for (const path of PACKAGES)
      await run('npm', ['pack', '-w', path, '--pack-destination', tarballs], { cwd: checkout, env })
    expect(
      execFileSync('git', ['-C', root, 'status', '--short', '--', 'packages', 'modules'], {
        encoding: 'utf8',
      }),
    ).not.toContain('package.json.kept')
    mkdirSync(join(folder, 'my-modules/greeter'), { recursive: true })
    const files = {
      'package.json': '{"private":true,"type":"module"}',
      'hookyard.yaml': CONFIG,
      'my-modules/greeter/module.yaml':
        'name: greeter\ndescription: Greets\nsubject: none\nretries: { max: 0 }\ntriggers: []\n',
      'my-modules/greeter/handler.ts': HANDLER,
      'my-modules/greeter/handler.check.ts': TEST,
    }
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    const packed = readdirSync(tarballs).map((name) => join(tarballs, name))
    await inFolder('npm', 'install', '--omit=dev', '--no-audit', '--no-fund', '--prefer-offline', ...packed)
  }, 600_000)
  afterAll(() => rmSync(work, { recursive: true }))

  test('they are what npm’s users, and their type checkers, expect', async () => {
    for (const name of readdirSync(tarballs)) {
      await run(join(root, 'node_modules/.bin/publint'), ['run', join(tarballs, name), '--strict'], { env })
      if (!/sdk|standins/.test(name)) continue
      await run(join(root, 'node_modules/.bin/attw'), [join(tarballs, name), '--profile', 'esm-only'], {
        env,
      })
    }
  })

  test(`the installation is at most ${MAX_INSTALL_MB} MB, and holds no test and no TypeScript of ours`, () => {
    const kib = Number(
      execFileSync('du', ['-sk', join(folder, 'node_modules')], { encoding: 'utf8' }).split('\t')[0],
    )
    expect(kib / 1024).toBeLessThanOrEqual(MAX_INSTALL_MB)
    const ours = [
      'hookyard',
      ...readdirSync(join(folder, 'node_modules/@hookyard')).map((name) => `@hookyard/${name}`),
    ]
    const files = ours.flatMap((name) =>
      readdirSync(join(folder, 'node_modules', name), { recursive: true, encoding: 'utf8' }),
    )
    expect(files.filter((file) => /(?<!\.d)\.ts$|\.test\.|testing\//.test(file))).toEqual([])
  })

  test('the demo plays', async () => {
    const { stdout } = await npx('hookyard', 'demo', '--port', '0', '--exit')
    expect(stdout).toContain('401')
  })

  test('a TypeScript module type-checks, runs, and stops at a breakpoint on its line', async () => {
    const options = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2024',
      '--allowImportingTsExtensions',
    ]
    const tsc = join(root, 'node_modules/@typescript/native/bin/tsc')
    const files = ['my-modules/greeter/handler.ts', 'my-modules/greeter/handler.check.ts']
    await inFolder(process.execPath, tsc, ...options, ...files)
    await inFolder(process.execPath, join(folder, 'my-modules/greeter/handler.check.ts'))
    const [handler = '', check = ''] = files.map((file) => join(folder, file))
    expect(await breakpointHit(check, handler, GREETS_ON)).toBe(GREETS_ON)
  })

  test('the service starts with it, and an error names its line', async () => {
    const service = spawn('npx', ['--no-install', 'hookyard', 'start'], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const exited = once(service, 'exit')
    let log = ''
    try {
      await new Promise<void>((resolve, reject) => {
        const look = (line: string) => {
          log += line
          if (line.includes('listening on')) resolve()
        }
        for (const stream of [service.stdout, service.stderr]) createInterface(stream).on('line', look)
        service.once('exit', (code) => reject(new Error(`hookyard start ended with ${code}`)))
      })
      const { stdout } = await npx('hookyard', 'invoke', 'greeter', '--input', '{"name":"ada"}', '--json')
      expect(JSON.parse(stdout)).toMatchObject({ status: 'done', result: { summary: 'hello ada' } })
      const failed = await npx('hookyard', 'invoke', 'greeter', '--input', '{"name":""}', '--json').catch(
        (error: { stdout: string }) => error,
      )
      expect(failed.stdout).toContain('nobody is called that')
      expect(log).toContain(`handler.ts:${THROWS_ON}`)
    } finally {
      service.kill('SIGTERM')
      await exited
    }
  })

  test('every package says the same version, and only what it must depend on', () => {
    const manifests = PACKAGES.map(
      (path) =>
        JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')) as {
          version: string
          dependencies: Record<string, string>
        },
    )
    expect(new Set(manifests.map(({ version }) => version)).size).toBe(1)
    for (const { dependencies } of manifests.slice(3))
      expect(Object.keys(dependencies)).toEqual(['@hookyard/sdk', 'zod'])
  })
})

/** Runs a program as a debugger does, with a breakpoint in `file`; the line on which it stopped there. */
async function breakpointHit(program: string, file: string, line: number): Promise<number> {
  const child = spawn(process.execPath, ['--inspect-brk=127.0.0.1:0', program], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  try {
    let url: string | undefined
    for await (const text of createInterface(child.stderr)) if ((url = /ws:\/\/\S+/.exec(text)?.[0])) break
    const socket = new WebSocket(url ?? '')
    await once(socket, 'open')
    let id = 0
    const send = (method: string, params: object = {}) =>
      socket.send(JSON.stringify({ id: ++id, method, params }))
    const stopped = new Promise<number>((resolve) => {
      socket.addEventListener('message', ({ data }) => {
        const { method, params } = JSON.parse(String(data)) as Paused
        if (method !== 'Debugger.paused') return
        if (params.hitBreakpoints.length > 0) resolve((params.callFrames[0]?.location.lineNumber ?? -1) + 1)
        else send('Debugger.resume')
      })
    })
    send('Debugger.enable')
    send('Debugger.setBreakpointByUrl', { url: pathToFileURL(file).href, lineNumber: line - 1 })
    send('Runtime.runIfWaitingForDebugger')
    return await stopped
  } finally {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
}

interface Paused {
  readonly method: string
  readonly params: {
    readonly hitBreakpoints: readonly string[]
    readonly callFrames: readonly { readonly location: { readonly lineNumber: number } }[]
  }
}
