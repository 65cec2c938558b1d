// A copy of the database, with a server and without one.
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { openSqliteStore } from '../../packages/hookyard/src/store/sqlite/open.ts'
import { hookyard } from '../command-line.ts'
import { closeInstallations } from '../installation.ts'
import { deliver, json, open, run } from './talking.ts'

afterEach(closeInstallations)

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
