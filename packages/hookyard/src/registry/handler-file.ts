// Which file is a module's handler: inside the module's folder, and one that Node can run.
import { realpathSync, statSync } from 'node:fs'
import { basename, extname, join, resolve, sep } from 'node:path'
import type { Fault } from '../config/problem.ts'

const DEFAULTS = ['handler.ts', 'handler.js']
const RUNNABLE = new Set(['.ts', '.mts', '.js', '.mjs'])

/** The handler's absolute path, or what is wrong with it. `written`: the manifest's `handler`. */
export function findHandler(dir: string, written: string | undefined): { file: string } | { fault: Fault } {
  if (written === undefined) {
    const file = DEFAULTS.map((name) => join(dir, name)).find(isFile)
    if (file !== undefined) return checked(dir, file)
    const fault = { found: 'neither handler.ts nor handler.js', expected: `a handler in ${basename(dir)}` }
    return { fault: { ...fault, hint: 'add handler.ts, or name the file with handler: ./FILE' } }
  }
  const file = resolve(dir, written)
  if (!(file + sep).startsWith(dir + sep)) return { fault: outside(written) }
  if (!isFile(file))
    return {
      fault: {
        found: `${JSON.stringify(written)}, which is no file`,
        expected: "a file in the module's folder",
      },
    }
  return checked(dir, file)
}

function checked(dir: string, file: string): { file: string } | { fault: Fault } {
  const real = realpathSync(file)
  // A link inside the folder may not lead out of it; the folder itself may be a link.
  if (!real.startsWith(realpathSync(dir) + sep)) return { fault: outside(basename(file)) }
  if (!RUNNABLE.has(extname(file))) {
    return {
      fault: { found: `a ${extname(file) || 'nameless'} file`, expected: 'a .ts, .mts, .js or .mjs file' },
    }
  }
  if (/\.m?ts$/.test(real) && real.split(sep).includes('node_modules')) {
    const fault = {
      found: 'TypeScript under node_modules',
      expected: 'JavaScript, because Node strips no types there',
    }
    return { fault: { ...fault, hint: 'ship the package with a compiled handler.js' } }
  }
  return { file }
}

const outside = (written: string): Fault => ({
  found: `${JSON.stringify(written)}, which is outside the module's folder`,
  expected: 'a file inside it',
  hint: 'move the file into the folder',
})

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    return false
  }
}
