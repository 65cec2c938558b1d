// Without a namespace a module's process has a temporary folder of this machine, which ends with it.
import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const PREFIX = 'hookyard-process-'

/** Makes an empty one that only this user may enter. Its name tells who made it. */
export const makeTemporaryFolder = (): string => mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`))

/** Removes one; what is still written into it stays until the next start. */
export function removeTemporaryFolder(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true })
  } catch {
    // Left for removeLeftFolders.
  }
}

/** Removes what processes of this user left that have ended without doing so. */
export function removeLeftFolders(): void {
  for (const name of readdirSync(tmpdir())) {
    const maker = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1]
    if (maker === undefined || isAlive(Number(maker))) continue
    const folder = join(tmpdir(), name)
    if (lstatSync(folder, { throwIfNoEntry: false })?.uid === process.getuid?.())
      removeTemporaryFolder(folder)
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM'
  }
}
