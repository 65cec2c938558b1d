// The generated pages and schemas are what the code says, and every reason of a run has its words.
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { RUN_REASONS } from '../scripts/docs-words.ts'

const root = resolve(import.meta.dirname, '..')

test('nothing that is generated is stale; fix: npm run docs', () => {
  const { stderr, status } = spawnSync(process.execPath, ['scripts/docs.ts', '--check'], {
    cwd: root,
    encoding: 'utf8',
  })
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
})

test('docs/reference-errors.md explains the reasons that the code gives, and no other ones', () => {
  const code = globSync(['packages/hookyard/src/{broker,run,store,ask}/**/*.ts', 'packages/sdk/src/*.ts'], {
    cwd: root,
  })
    .filter((path) => !/\.(?:test|fixture)\.ts$/.test(path))
    .map((path) => readFileSync(join(root, path), 'utf8'))
    .join('\n')
  const used = code.matchAll(/(?:\breason(?::| =| \?\?)|\b(?:refuse|give)\((?:input, )?) '([a-z_]+)'/g)
  expect([...used].map(([, reason = '']) => reason).filter((reason) => !(reason in RUN_REASONS))).toEqual([])
  // One expression makes invalid_config and invalid_input.
  const given = (reason: string) => reason === 'invalid_config' || code.includes(`'${reason}'`)
  expect(Object.keys(RUN_REASONS).filter((reason) => !given(reason))).toEqual([])
})
