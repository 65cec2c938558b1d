// Modules of one’s own: scaffolded, tried, tested.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { officialPayload } from '@hookyard/standins/payloads'
import { hookyard, hookyardProcess } from '../command-line.ts'
import { closeInstallations } from '../installation.ts'
import { open, run } from './talking.ts'

afterEach(closeInstallations)

describe('modules of one’s own', () => {
  test('what new-module makes passes check and its own tests, and runs', async () => {
    const at = await open()
    const made = await run(at, ['new-module', 'greeter'])
    expect(made.stdout).toMatch(
      /^my-modules\/greeter: module.yaml, handler.ts, handler.test.ts\n {2}1\. change /,
    )
    expect((await run(at, ['new-module', 'greeter'])).code).toBe(1)
    expect((await run(at, ['check'])).stdout).toContain('greeter')
    // What `node --test` prints goes past the command.
    expect(await hookyardProcess(['test-module', 'my-modules/greeter'], { cwd: at.dir })).toMatchObject({
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
    const { code, stdout, stderr } = await hookyardProcess(['test-module', dir, '--json'], { cwd: at.dir })
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
