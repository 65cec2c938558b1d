// Hookyard's own package: its version, and the modules that come with it.
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** The version of this Hookyard, of the checkout or of the installed package. */
export function version(): string {
  let folder = import.meta.dirname
  while (!existsSync(join(folder, 'bin', 'hookyard.js'))) folder = dirname(folder)
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version
}

/** The folders that hold the modules that come with Hookyard: they are packages of their own. */
export function builtinModuleDirs(): string[] {
  const { resolve } = createRequire(import.meta.url)
  const manifests = ['@hookyard/issue-triage', '@hookyard/pr-review'].map((name) =>
    resolve(`${name}/module.yaml`),
  )
  return [...new Set(manifests.map((manifest) => dirname(dirname(manifest))))]
}
