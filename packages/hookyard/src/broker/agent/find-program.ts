import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join, resolve } from 'node:path'

/** The absolute path of a program, looked for as a shell would; null when there is none that can be run. */
export function findProgram(command: string, searchPath: string): string | null {
  const folders = searchPath.split(delimiter).filter((folder) => folder !== '')
  const candidates = command.includes('/')
    ? [resolve(command)]
    : folders.map((folder) => join(folder, command))
  return candidates.find((candidate) => isAbsolute(candidate) && isRunnable(candidate)) ?? null
}

function isRunnable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
