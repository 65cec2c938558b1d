// What a session writes into the temporary folder goes with its process: the next session is to find nothing there.
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'

/** What lies in this process's own temporary folder. */
export function temporaryFiles(): string[] {
  try {
    return readdirSync(tmpdir())
  } catch {
    return []
  }
}
