// invoke: a run is started, followed, and its result printed.
import { createServer } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { TOKEN, closeInstallations, openInstallation, until } from '../installation.ts'
import { open, run } from './talking.ts'

afterEach(closeInstallations)

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
    expect(stdout).toMatch(/\n\[31mred dlo\n$/)
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((listening) => server.once('listening', listening))
  const { port } = server.address() as { port: number }
  await new Promise((closed) => server.close(closed))
  return port
}
