// .github and the Dockerfile: workflows fit the published JSON schema, actions are pinned, packages are published in order.
import { validateWorkflow } from '@action-validator/core'
import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'

const root = resolve(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const workflows = globSync('.github/workflows/*.yml', { cwd: root })
const workspaces = globSync(['packages/*', 'modules/*'], { cwd: root })

test.each(workflows)('%s fits the schema of GitHub workflows (SchemaStore)', (path) => {
  expect(validateWorkflow(read(path)).errors).toEqual([])
})

test('a workflow with a key that GitHub does not know is refused', () => {
  expect(validateWorkflow(read('.github/workflows/ci.yml').replace('steps:', 'stpes:')).errors).not.toEqual(
    [],
  )
})

test.each(workflows)(
  '%s pins each action by its commit, and may only read unless a job says more',
  (path) => {
    const uses = [...read(path).matchAll(/\buses: (.+)$/gm)].map(([, what = '']) => what)
    expect(uses.length).toBeGreaterThan(0)
    const loose = uses.filter((what) => !/^(?:\.\/|[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$)/.test(what))
    expect(loose).toEqual([])
    expect((parse(read(path)) as { permissions: unknown }).permissions).toEqual({ contents: 'read' })
  },
)

test('every package is published, after what it depends on', () => {
  const order = /for package in (.+); do/.exec(read('.github/workflows/release.yml'))?.[1]?.split(' ') ?? []
  expect(order.toSorted()).toEqual(workspaces.toSorted())
  const published = new Set<string>()
  for (const path of order) {
    const { name, dependencies } = JSON.parse(read(`${path}/package.json`)) as {
      name: string
      dependencies: Record<string, string>
    }
    const ours = Object.keys(dependencies).filter((one) => one.startsWith('@hookyard/'))
    expect({ name, missing: ours.filter((one) => !published.has(one)) }).toEqual({ name, missing: [] })
    published.add(name)
  }
})

test('the image installs every package and does not run as root', () => {
  const file = read('Dockerfile')
  expect(workspaces.filter((path) => !file.includes(`COPY ${path}/package.json ${path}/\n`))).toEqual([])
  expect(/^USER (\w+)$/m.exec(file)?.[1]).toBe('node')
})
