// How a command finds the server, and what it says when there is none.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { hookyard } from '../command-line.ts'
import { TOKEN, closeInstallations } from '../installation.ts'
import { open, run } from './talking.ts'

afterEach(closeInstallations)

describe('a server', () => {
  test('that does not run is told how to be started', async () => {
    const at = await open()
    await at.stop()
    const asking = [['status'], ['invoke', 'talking'], ['runs'], ['replay', 'x'], ['mcp']]
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
