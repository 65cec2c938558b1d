// What happened, what would happen, and how a command is used.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, test } from 'vitest'
import { hookyard } from '../command-line.ts'
import { TOKEN, closeInstallations, until } from '../installation.ts'
import { deliver, json, open, run } from './talking.ts'

afterEach(closeInstallations)

describe('why and simulate', () => {
  test('why reads the database when no server is named, and asks the server when one is', async () => {
    const at = await open()
    const { guid, runId } = await deliver(at)
    const env = { HOOKYARD_URL: at.service.url, HOOKYARD_TOKEN: TOKEN }
    const asked = await until('the message is marked as sent', async () => {
      const shown = await run(at, ['why', guid], { env })
      return shown.stdout.includes(': sent') && shown
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
      ['simulate', '--event', 'pull_requests', 'x.json'],
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
