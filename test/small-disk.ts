// A disk of a few MiB in memory, for what happens when one is full. Needs the right to mount: as root on Linux, else the
// tests that want it are left out.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface SmallDisk {
  readonly path: string
  /** Leaves so many bytes free. */
  fill(leave: number): void
  /** Takes the filling away. */
  free(): void
  unmount(): void
}

/** null: this machine does not allow it. */
export function mountSmallDisk(mib: number): SmallDisk | null {
  const path = mkdtempSync(join(tmpdir(), 'hookyard-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mib}m`, 'hookyard-test', path], { stdio: 'ignore' })
  } catch {
    return null
  }
  const filling = join(path, 'filling')
  return {
    path,
    fill(leave) {
      const { bavail, bsize } = statfsSync(path)
      writeFileSync(filling, Buffer.alloc(Math.max(0, bavail * bsize - leave)))
    },
    free: () => rmSync(filling),
    // Lazily: what has a file open there still may go on for a moment.
    unmount: () => void execFileSync('umount', ['-l', path], { stdio: 'ignore' }),
  }
}
