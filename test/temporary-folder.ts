// Whatever tests leave in the system's temporary folder lies in one folder, which goes with the run.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** For Vitest's `globalSetup`: the processes that run tests are started later, and inherit the variables. */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'hookyard-tests-'))
  for (const name of ['TMPDIR', 'TMP', 'TEMP']) process.env[name] = folder
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}
