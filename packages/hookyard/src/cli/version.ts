import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from './project-root.ts'

/** The version of this Hookyard, from its package.json. */
export function version(): string {
  const file = readFileSync(join(projectRoot(), 'package.json'), 'utf8')
  return (JSON.parse(file) as { version: string }).version
}
