import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The folder of Hookyard's own package.json: the checkout, or the installed package. */
export function projectRoot(): string {
  let folder = import.meta.dirname
  while (!existsSync(join(folder, 'bin', 'hookyard.js'))) folder = dirname(folder)
  return folder
}

/** The modules that come with Hookyard. */
export function builtinModulesDir(): string {
  const built = join(projectRoot(), 'dist', 'modules')
  return existsSync(join(projectRoot(), 'src')) ? join(projectRoot(), 'modules') : built
}
