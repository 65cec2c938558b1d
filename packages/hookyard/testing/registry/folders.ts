// Module folders on disk, for tests.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseManifest } from '../../src/registry/parse-manifest.ts'
import type { ParsedManifest } from '../../src/registry/parse-manifest.ts'

/** A new folder with these files: relative path -> text. */
export function folderOf(files: Readonly<Record<string, string>> = {}): string {
  const dir = mkdtempSync(join(tmpdir(), 'hookyard-modules-'))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true })
    writeFileSync(join(dir, name), text)
  }
  return dir
}

/** The files of a module that handles nothing, for `folderOf`. */
export const moduleFiles = (name: string, more = ''): Record<string, string> => ({
  [`${name}/module.yaml`]: `name: ${name}\nsubject: none\n${more}`,
  [`${name}/handler.ts`]: 'export default { handle: () => ({ status: "done", summary: "" }) }\n',
})

const home = folderOf(moduleFiles('sample'))

/** Reads text as the manifest of a module `sample` that has a handler. */
export const parseSample = (text: string): ParsedManifest =>
  parseManifest(text, join(home, 'sample', 'module.yaml'))

/** Where `parseSample` says the module is. */
export const sampleDir = join(home, 'sample')
