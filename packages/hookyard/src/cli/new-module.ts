// `hookyard new-module`: a folder with a manifest, a handler and a test, ready to be changed.
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { environment } from '../config/env.ts'
import { readConfig } from '../config/load-config.ts'
import { NAME_PATTERN } from '../registry/manifest-schema.ts'
import { CommandFailure, UsageError } from './failure.ts'
import { print } from './print.ts'

export interface NewModuleCommand {
  readonly config: string
  /** The folder of modules; default: the first of `module_dirs`, else ./my-modules. */
  readonly dir?: string
  readonly json?: boolean
}

const DEFAULT_DIR = 'my-modules'

/** Makes the folder. @throws UsageError for a name that is none; CommandFailure when it is there already */
export async function runNewModule(name: string, options: NewModuleCommand): Promise<void> {
  if (!NAME_PATTERN.test(name)) {
    throw new UsageError(
      `${JSON.stringify(name)} is no name of a module: lower-case letters, digits and dashes, a letter first, at most 63`,
    )
  }
  const file = resolve(options.config)
  const known = existsSync(file) ? readConfig({ file, env: environment() }).moduleDirs : []
  const folder =
    options.dir === undefined ? (known[0] ?? resolve(dirname(file), DEFAULT_DIR)) : resolve(options.dir)
  const module = join(folder, name)
  if (existsSync(module)) throw new CommandFailure(`${module} is there already`)
  await mkdir(module, { recursive: true })
  const files = { 'module.yaml': manifestOf(name), 'handler.ts': HANDLER, 'handler.test.ts': TEST }
  for (const [path, content] of Object.entries(files)) await writeFile(join(module, path), content)
  const listed = known.includes(folder)
  print({ module: name, folder: module, files: Object.keys(files), listed }, options.json, () =>
    nextSteps(
      name,
      relative(process.cwd(), module) || '.',
      listed ? null : `./${relative(dirname(file), folder)}`,
    ),
  )
}

function nextSteps(name: string, module: string, toList: string | null): string {
  const steps = [
    ...(toList === null ? [] : [`add to hookyard.yaml: module_dirs: ["${toList}"]`]),
    `change ${join(module, 'handler.ts')}, and run its test: hookyard test-module ${module}`,
    'check what you have: hookyard check',
    `start the service, or send it SIGHUP; then: hookyard invoke ${name} --entity OWNER/REPO#1`,
  ]
  return `${module}: module.yaml, handler.ts, handler.test.ts\n${steps.map((step, index) => `  ${index + 1}. ${step}\n`).join('')}`
}

const manifestOf = (name: string) => `name: ${name}
description: Greets new pull requests
subject: pull_request            # what a run is about: pull_request | issue | repository | none
triggers:
  - webhook: pull_request
    actions: [opened]
  - command: greet               # a comment line \`/greet\` by someone with write access
when: { draft: false }
may: [comment]                   # what a run may write, and only on its subject
`

const HANDLER = `import { defineModule, done, skipped } from '@hookyard/sdk'

export default defineModule({
  subject: 'pull_request',
  async handle({ pr }) {
    if (pr.author.endsWith('[bot]')) return skipped('a bot needs no greeting')
    // Safe to repeat: the comment with this key is found and updated when it was written before.
    await pr.comment('greeting', \`Thank you, @\${pr.author}!\`)
    return done(\`Greeted \${pr.author}\`)
  },
})
`

const TEST = `// Run it with: hookyard test-module .
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runModule } from '@hookyard/sdk/testing'
import module from './handler.ts'

const opened = (login: string) => ({
  action: 'opened',
  repository: { full_name: 'octocat/hello-world' },
  pull_request: { number: 1, title: 'A title', user: { login } },
})

test('a new pull request is greeted', async () => {
  const run = await runModule(module, { event: 'pull_request.opened', payload: opened('alice') })
  assert.deepEqual(run.messages, ['Greeted alice'])
  assert.deepEqual(run.effects, [{ text: 'Thank you, @alice!', verb: 'comment', key: 'greeting' }])
})

test('a bot is left alone', async () => {
  const run = await runModule(module, { event: 'pull_request.opened', payload: opened('renovate[bot]') })
  assert.equal(run.outcome.status, 'skipped')
  assert.deepEqual(run.effects, [])
})
`
