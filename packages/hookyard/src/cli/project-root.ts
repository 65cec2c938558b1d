import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** The folder of Hookyard's own package.json: the checkout, or the installed package. */
export function projectRoot(): string {
  let folder = import.meta.dirname
  while (!existsSync(join(folder, 'bin', 'hookyard.js'))) folder = dirname(folder)
  return folder
}

/** The folders that hold the modules that come with Hookyard: they are packages of their own. */
export function builtinModuleDirs(): string[] {
  const { resolve } = createRequire(import.meta.url)
  const manifests = ['@hookyard/issue-triage', '@hookyard/pr-review'].map((name) =>
    resolve(`${name}/module.yaml`),
  )
  return [...new Set(manifests.map((manifest) => dirname(dirname(manifest))))]
}
