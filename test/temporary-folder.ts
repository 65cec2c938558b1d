// What tests leave in the system's temporary folder lies in one folder, which goes with the run. A run that leaves a
// process or, where nothing else runs, anything beside that folder has failed.
import { mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** For Vitest's `globalSetup`: the processes that run tests are started later, and inherit the variables. */
export default function setup(): (() => Promise<void>) | undefined {
  // Vitest asks once for each project: one folder is for all of them.
  if (process.env['HOOKYARD_TESTS']) return undefined
  const system = tmpdir()
  const before = new Set(readdirSync(system))
  const folder = mkdtempSync(join(system, 'hookyard-tests-'))
  for (const name of ['TMPDIR', 'TMP', 'TEMP']) process.env[name] = folder
  process.env['HOOKYARD_TESTS'] = folder
  // Else each module of a test would leave what Node compiled of it in the checkout.
  process.env['NODE_COMPILE_CACHE'] = join(folder, 'compiled')
  return async () => {
    const processes = await leftProcesses(folder)
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
    const isOurs = (name: string) => name.startsWith('hookyard-') && !before.has(name)
    const files = process.env['HOOKYARD_ALONE'] ? readdirSync(system).filter(isOurs) : []
    if (processes.length + files.length > 0)
      throw new Error(`the tests left behind:\n${[...processes, ...files].join('\n')}`)
  }
}

/** Those of this run that live after all tests, but for a moment. Where there is no /proc, nothing is known. */
async function leftProcesses(folder: string): Promise<string[]> {
  for (let patience = 50; ; patience -= 1) {
    const left = processes().flatMap((pid) => {
      const command = procFile(pid, 'cmdline').replaceAll('\0', ' ')
      const isOfRun = [command, procFile(pid, 'environ'), workingFolder(pid)].some((text) =>
        text.includes(folder),
      )
      return isOfRun && !command.includes('vitest') ? [`process ${pid}: ${command}`] : []
    })
    if (left.length === 0 || patience === 0) return left
    await delay(100)
  }
}

function processes(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => pid !== process.pid)
  } catch {
    return []
  }
}

/** Empty when the process is gone, or not ours to look at. */
function procFile(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    return ''
  }
}

function workingFolder(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return ''
  }
}
