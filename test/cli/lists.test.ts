// Tables and actions of the running server.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { closeInstallations, until } from '../installation.ts'
import { deliver, json, open, run } from './talking.ts'

afterEach(closeInstallations)

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

  test('with --json a failure, too, is one document, in the words of the API', async () => {
    const at = await open()
    const failed = async (args: readonly string[], options = {}) => {
      const { code, stdout, stderr } = await run(at, [...args, '--json'], options)
      expect(stderr).not.toBe('')
      return { exit: code, ...(JSON.parse(stdout) as object) }
    }
    expect(await failed(['replay', 'nothing'])).toEqual({
      exit: 1,
      error: expect.stringContaining('no such delivery'),
      code: 'unknown_delivery',
    })
    expect(await failed(['runs', '--limit', '0'])).toMatchObject({ exit: 2, code: 'wrong_usage' })
    expect(await failed(['why', 'nothing'])).toMatchObject({ exit: 1, code: 'failed' })
    expect(await failed(['invoke', 'talking', '--input', '{"how":"failed"}'])).toMatchObject({
      exit: 1,
      status: 'failed',
      result: { summary: 'bad' },
    })
    const file = join(at.dir, 'payload.json')
    writeFileSync(file, '[]')
    expect(await failed(['simulate', '--event', 'push', file])).toMatchObject({ exit: 1, code: 'failed' })
    expect(await failed(['simulate', '--event', 'issue', file])).toMatchObject({
      exit: 2,
      code: 'wrong_usage',
    })
    writeFileSync(file, '{}')
    const cwd = join(at.dir, 'broken')
    mkdirSync(cwd)
    writeFileSync(join(cwd, 'hookyard.yaml'), 'repos: 5\n')
    expect(await failed(['simulate', '--event', 'push', file], { cwd })).toMatchObject({
      exit: 1,
      code: 'invalid_config',
      problems: expect.arrayContaining([expect.objectContaining({ line: 1, key: 'repos' })]),
    })
    expect(await failed(['check'], { cwd })).toMatchObject({ exit: 1, ok: false })
  })
})
