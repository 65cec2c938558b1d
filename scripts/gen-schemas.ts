// Writes schema/*.json from the zod schemas: `node scripts/gen-schemas.ts`. A test fails when they are stale.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { configJsonSchema } from '../packages/hookyard/src/config/json-schema.ts'
import { manifestJsonSchema } from '../packages/hookyard/src/registry/manifest-schema.ts'

const folder = join(import.meta.dirname, '..', 'schema')

/** The files as they should be: name -> text. */
export const schemaFiles: Readonly<Record<string, string>> = {
  'hookyard.schema.json': `${JSON.stringify(configJsonSchema, null, 2)}\n`,
  'module.schema.json': `${JSON.stringify(manifestJsonSchema, null, 2)}\n`,
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of Object.entries(schemaFiles)) writeFileSync(join(folder, name), text)
}
