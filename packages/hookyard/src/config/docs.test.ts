// The two reference pages say what the program does: their examples load, and they name every key.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseManifest } from '../registry/parse-manifest.ts'
import { manifestJsonSchema } from '../registry/manifest-schema.ts'
import { folderOf, moduleFiles } from '../../testing/registry/folders.ts'
import { configJsonSchema } from './json-schema.ts'
import { brief, readText, SECRET } from '../../testing/config/read.ts'

const page = (name: string) => readFileSync(join(import.meta.dirname, '../../../../docs', name), 'utf8')
const blocksOf = (text: string) =>
  [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map((match) => match[1] ?? '')

const configuration = page('configuration.md')
const manifest = page('module-manifest.md')

test.each(blocksOf(configuration))('an example of configuration.md loads: %s', (text) => {
  expect(readText(text, { ...SECRET, CLAUDE_TOKEN: 'a-token-of-some-length' }).problems.map(brief)).toEqual(
    [],
  )
})

test('every key with its default is what an empty file has', () => {
  const defaults = blocksOf(configuration).find((text) => text.startsWith('repos: []'))
  expect(readText(defaults ?? 'nope: 1').config).toEqual(readText('').config)
})

test.each(blocksOf(manifest))('an example of module-manifest.md is good, without warnings: %s', (text) => {
  const name = /^name: (.*)$/m.exec(text)?.[1] ?? ''
  const { problems, warnings } = parseManifest(text, join(folderOf(moduleFiles(name)), name, 'module.yaml'))
  expect([...problems, ...warnings].map(brief)).toEqual([])
})

function keysOf(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  const own = 'properties' in schema ? Object.keys(schema.properties as object) : []
  return [...own, ...Object.values(schema).flatMap(keysOf)]
}

test.each([
  ['configuration.md', configuration, configJsonSchema],
  ['module-manifest.md', manifest, manifestJsonSchema],
])('%s names every key', (_name, text, schema) => {
  const keys = [...new Set(keysOf(schema))]
  expect(keys.length).toBeGreaterThan(20)
  expect(keys.filter((key) => !new RegExp(`\\b${key}\\b`).test(text))).toEqual([])
})
