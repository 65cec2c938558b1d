// Out of descriptors: a line in the log, and the service goes on once there are some again.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { until } from '../../../../test/installation.ts'
import { killServiceProcesses, startServiceProcess } from '../../../../test/service-process.ts'
import { officialPayload, signedHeaders } from '@hookyard/standins/payloads'

afterEach(killServiceProcesses)

const SECRET = 'secret-of-the-test'
/** Changes the limit of a process that runs. */
const prlimit = '/usr/bin/prlimit'

test.skipIf(!existsSync(prlimit))(
  'a service out of descriptors says so, and goes on when it has some',
  async () => {
    const dir = mkdtempSync(join(tmpdir(), 'hookyard-descriptors-'))
    const configFile = join(dir, 'hookyard.yaml')
    const off = '{ enabled: false }'
    writeFileSync(
      configFile,
      `repos: [a/b]\nserver: { port: 0 }\nmodules: { pr-review: ${off}, issue-triage: ${off} }\n`,
    )
    const service = await startServiceProcess(configFile, { GITHUB_WEBHOOK_SECRET: SECRET })
    // Its own: the command may have handed over to another Node.
    const { pid } = JSON.parse(readFileSync(join(dir, 'data', 'server.json'), 'utf8')) as { pid: number }
    const limit = (soft: number) => execFileSync(prlimit, ['--pid', String(pid), `--nofile=${soft}:`])
    const open = new Set(readdirSync(`/proc/${pid}/fd`).map(Number))
    let free = 0
    while (open.has(free)) free += 1
    limit(free)
    const sockets = Array.from({ length: 20 }, () =>
      connect(Number(new URL(service.url).port), '127.0.0.1').on('error', () => undefined),
    )
    await until('the log to say it', () =>
      /"code":"EMFILE","msg":"no more files or connections can be opened: .*ulimit -n/.exec(service.output()),
    )
    limit(1_024)
    for (const socket of sockets) socket.destroy()
    await until('the log to say the end of it', () =>
      service.output().includes('files and connections can be opened again'),
    )
    const body = JSON.stringify(officialPayload('push', null))
    const headers = signedHeaders(SECRET, body, { event: 'push' })
    const answer = await fetch(`${service.url}/webhook/github`, { method: 'POST', body, headers })
    expect(answer.status).toBe(202)
    expect(service.output().match(/no more files/g)).toHaveLength(1)
  },
)
