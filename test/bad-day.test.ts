// A bad day of the machine, for the whole service: what cannot be kept is not acknowledged, and is told.
import { copyFileSync, renameSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { officialPayload } from '../src/standin/payloads.ts'
import { closeInstallations, openInstallation } from './installation.ts'

afterEach(closeInstallations)

function replace(file: string): void {
  copyFileSync(file, `${file}.new`)
  renameSync(`${file}.new`, file)
}

test.each([
  ['deleted', rmSync],
  ['replaced', replace],
  ['emptied', truncateSync],
])(
  'with its database %s the service is not ready within 10 s, and acknowledges nothing',
  async (_how, accident: (file: string) => void) => {
    const { service, dir, post, advance } = await openInstallation({ modules: {}, builtins: false })
    const ready = async () => (await fetch(`${service.url}/ready`)).status
    const push = officialPayload('push', null)
    expect((await post('push', push)).status).toBe(202)
    expect(await ready()).toBe(200)
    accident(join(dir, 'data', 'hookyard.db'))
    // Nothing comes in: whoever asks each second is told in time.
    let seconds = 0
    for (; seconds < 10 && (await ready()) === 200; seconds += 1) advance(1_000)
    expect(seconds).toBeLessThan(10)
    expect(await post('push', push)).toMatchObject({ status: 503, body: { code: 'storage_unavailable' } })
  },
)
