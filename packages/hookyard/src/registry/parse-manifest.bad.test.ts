// A bad manifest names its line, its key and how to fix it; all problems at once.
import fc from 'fast-check'
import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { brief } from '../../testing/config/read.ts'
import { parseManifest } from './parse-manifest.ts'
import { folderOf, parseSample } from '../../testing/registry/folders.ts'

const HEAD = 'name: sample\nsubject: none\n'

test.each([
  ['no name', 'subject: none', '1:1 name: nothing'],
  ['a name of another folder', 'name: other\nsubject: none', '1:1 name: "other"'],
  ['a name with capitals', 'name: Sample\nsubject: none', '1:1 name: "Sample"'],
  ['no subject', 'name: sample', '1:1 subject: nothing'],
  ['a misspelt subject', 'name: sample\nsubject: pull_requst', '2:1 subject: "pull_requst"'],
  ['an unknown key', `${HEAD}triger: []`, '3:1 triger: an unknown key'],
  [
    'an unknown key of a trigger',
    `${HEAD}triggers: [{ webhook: push, cooldwon: 5m }]`,
    '3:29 triggers[0].cooldwon: an unknown key',
  ],
  [
    'a misspelt kind of trigger',
    `${HEAD}triggers: [{ webhok: push }]`,
    '3:14 triggers[0].webhok: an unknown key',
  ],
  [
    'a misspelt event',
    `${HEAD}triggers: [{ webhook: pull_requests }]`,
    '3:14 triggers[0].webhook: "pull_requests"',
  ],
  [
    'an event with its action',
    `${HEAD}triggers: [{ webhook: issues.opened }]`,
    '3:14 triggers[0].webhook: "issues.opened"',
  ],
  [
    'two kinds in one trigger',
    `${HEAD}triggers: [{ webhook: push, command: x }]`,
    '3:12 triggers[0]: webhook and command',
  ],
  [
    'an empty list of actions',
    `${HEAD}triggers: [{ webhook: issues, actions: [] }]`,
    '3:31 triggers[0].actions: an empty list',
  ],
  ['a trigger of nothing', `${HEAD}triggers: [{}]`, '3:12 triggers[0].webhook: nothing'],
  ['a trigger that is a word', `${HEAD}triggers: [push]`, '3:12 triggers[0]: "push"'],
  [
    'a command with its slash',
    `${HEAD}triggers: [{ command: /review }]`,
    '3:14 triggers[0].command: "/review"',
  ],
  ['no cron', `${HEAD}triggers: [{ schedule: tomorrow }]`, '3:14 triggers[0].schedule: "tomorrow"'],
  [
    'a minute that is none',
    `${HEAD}triggers: [{ schedule: "61 * * * *" }]`,
    '3:14 triggers[0].schedule: "61 * * * *"',
  ],
  [
    'a cron of seconds',
    `${HEAD}triggers: [{ schedule: "* * * * * *" }]`,
    '3:14 triggers[0].schedule: "* * * * * *"',
  ],
  [
    'a day that never comes',
    `${HEAD}triggers: [{ schedule: "0 0 31 2 *" }]`,
    '3:14 triggers[0].schedule: "0 0 31 2 *"',
  ],
  [
    'a moment instead of a rhythm',
    `${HEAD}triggers: [{ schedule: "2020-01-01T00:00:00" }]`,
    '3:14 triggers[0].schedule: "2020-01-01T00:00:00"',
  ],
  [
    'no time zone',
    `${HEAD}triggers: [{ schedule: "@daily", timezone: Berlin }]`,
    '3:34 triggers[0].timezone: "Berlin"',
  ],
  ['no duration', `${HEAD}timeout: soon`, '3:1 timeout: "soon"'],
  ['a timeout of nothing', `${HEAD}timeout: 0`, '3:1 timeout: 0'],
  ['a timeout of a week', `${HEAD}timeout: 7d`, '3:1 timeout: "7d"'],
  [
    'a cooldown of a year',
    `${HEAD}triggers: [{ webhook: push, cooldown: 365d }]`,
    '3:29 triggers[0].cooldown: "365d"',
  ],
  [
    'a max_wait below the debounce',
    `${HEAD}triggers: [{ webhook: push, debounce: 5m, max_wait: 4m }]`,
    '3:43 triggers[0].max_wait: 4m',
  ],
  [
    'a max_wait alone',
    `${HEAD}triggers: [{ webhook: push, max_wait: 4m }]`,
    '3:29 triggers[0].max_wait: max_wait without debounce',
  ],
  ['an unknown grant', 'name: sample\nsubject: issue\nmay: [coment]', '3:7 may[0]: "coment"'],
  ['a grant without a subject', `${HEAD}may: [comment]`, '3:1 may: grants without a subject'],
  ['needs that are a list', `${HEAD}needs: [git]`, '3:1 needs: a list'],
  ['a misspelt need', `${HEAD}needs: { netwrok: [a.example] }`, '3:10 needs.netwrok: an unknown key'],
  ['a host that is a word', `${HEAD}needs: { network: a.example }`, '3:10 needs.network: "a.example"'],
  ['a host of nothing', `${HEAD}needs: { network: [""] }`, '3:20 needs.network[0]: empty text'],
  [
    'a pattern of hosts',
    `${HEAD}needs: { network: ["*.a.example"] }`,
    '3:20 needs.network[0]: "*.a.example"',
  ],
  ['a path of nothing', `${HEAD}needs: { read: [""] }`, '3:17 needs.read[0]: empty text'],
  ['too many retries', `${HEAD}retries: { max: 21 }`, '3:12 retries.max: 21'],
  ['a cancel_on that is no list', `${HEAD}cancel_on: closed`, '3:1 cancel_on: "closed"'],
  ['nothing that starts it', `${HEAD}invoke: false`, '3:1 invoke: no trigger, and invoke: false'],
  ['a config that is no schema', `${HEAD}config: [a]`, '3:1 config: a list'],
  [
    'a type that JSON Schema has not',
    `${HEAD}config:\n  properties:\n    a: { type: strng }`,
    '5:10 config.properties.a.type: "strng"',
  ],
  [
    'a misspelt keyword',
    `${HEAD}input: { type: object, requred: [a] }`,
    '3:24 input.requred: a keyword that JSON Schema does not have',
  ],
  [
    'a reference to nowhere',
    `${HEAD}input: { $ref: "#/$defs/gone" }`,
    expect.stringMatching(/^3:1 input: a schema that does not compile/),
  ],
  [
    'a handler outside',
    `${HEAD}handler: ../handler.ts`,
    '3:1 handler: "../handler.ts", which is outside the module\'s folder',
  ],
  [
    'a handler at the root',
    `${HEAD}handler: /etc/passwd`,
    '3:1 handler: "/etc/passwd", which is outside the module\'s folder',
  ],
  ['a handler that is not there', `${HEAD}handler: ./gone.ts`, '3:1 handler: "./gone.ts", which is no file'],
  ['a handler that is a manifest', `${HEAD}handler: ./module.yaml`, '3:1 handler: a .yaml file'],
  ['an empty file', '', '1:1 name: nothing'],
])('%s', (_name, text, problem) => {
  const { manifest, problems } = parseSample(text)
  expect(manifest).toBeNull()
  expect(problems.map(brief)).toContainEqual(problem)
})

test.each([
  [`${HEAD}triger: []`, 'write triggers'],
  [`${HEAD}triggers: [{ webhook: pull_requests }]`, 'write pull_request'],
  [`${HEAD}triggers: [{ webhook: push, cooldwon: 5m }]`, 'write cooldown'],
  ['name: sample\nsubject: issue\nmay: [coment]', 'write comment'],
  [`${HEAD}input: { type: object, requred: [a] }`, 'write required'],
])('the fix is told: %j', (text, hint) => {
  expect(parseSample(text).problems.map((problem) => problem.hint)).toContain(hint)
})

test.each([
  ['network', 'https://api.example.com/v1', 'write api.example.com, without scheme and path'],
  ['network', 'api.example.com/v1', 'write the host alone'],
  ['network', '*.example.com', 'write each host by its whole name: there are no patterns'],
  ['network', 'api.example.com.', 'write it without the dot at its end'],
  ['network', 'api.example.com:99999', 'write a port 1-65535'],
  ['network', 'api.example.com:0443', 'write a port 1-65535'],
  ['network', 'api.example.com:https', 'write it like api.example.com or api.example.com:8443'],
  ['network', 'someone@api.example.com', 'write api.example.com'],
  ['network', 'api example', 'write it like api.example.com or api.example.com:8443'],
  ['network', '2130706433:80', 'write 127.0.0.1:80'],
  ['network', '0x7f.1', 'write 127.0.0.1'],
  ['network', '0177.0.0.1', 'write 127.0.0.1'],
  ['network', '::1', 'write "[::1]"'],
  ['network', '[0:0:0:0:0:0:0:1]:80', 'write [::1]:80'],
  ['network', 'bücher.example', 'write xn--bcher-kva.example'],
  ['read', '~/data', expect.stringMatching(/^write the whole path, like \//)],
  ['write', '/srv/*', 'write a folder: what is in it goes with it, there are no patterns'],
  ['read', 'file:///srv', 'write a path of this machine'],
  ['read', ' /srv', expect.stringMatching(/without white space/)],
  ['run', '/usr/bin/git', 'write git'],
  ['run', 'git log', 'write it like git'],
  ['run', '..', 'write it like git'],
])('a need that cannot be one, and what to write: %s %j', (kind, value, hint) => {
  const { problems } = parseSample(`${HEAD}needs: { ${kind}: [${JSON.stringify(value)}] }`)
  expect(problems).toEqual([expect.objectContaining({ key: `needs.${kind}[0]`, line: 3, hint })])
})

test('all problems come at once, in the order of the lines', () => {
  const { problems } = parseSample(
    'name: x y\nsubjct: none\ntriggers: [{ webhook: isues }]\nretries: 3\nmay: [everything]',
  )
  expect(problems.map(({ key }) => key)).toEqual([
    'name',
    'subject',
    'subjct',
    'triggers[0].webhook',
    'retries',
    'may[0]',
  ])
})

test('without handler: ./handler.ts comes before ./handler.js, and one must be there', () => {
  const manifest = 'name: m\nsubject: none'
  const at = (files: Record<string, string>) =>
    parseManifest(manifest, join(folderOf(files), 'm', 'module.yaml'))
  expect(at({ 'm/handler.ts': '', 'm/handler.js': '' }).manifest?.handler).toMatch(/m\/handler\.ts$/)
  expect(at({ 'm/handler.js': '' }).manifest?.handler).toMatch(/m\/handler\.js$/)
  expect(at({ 'm/index.ts': '' }).problems.map(brief)).toEqual([
    '1:1 handler: neither handler.ts nor handler.js',
  ])
})

test('a link inside the folder may not lead out of it', () => {
  const dir = folderOf({ 'secret.ts': '', 'm/x': '' })
  symlinkSync(join(dir, 'secret.ts'), join(dir, 'm', 'handler.ts'))
  const { problems } = parseManifest('name: m\nsubject: none', join(dir, 'm', 'module.yaml'))
  expect(problems.map(brief)).toEqual(['1:1 handler: "handler.ts", which is outside the module\'s folder'])
})

test('TypeScript under node_modules cannot run, and the problem says why', () => {
  const dir = folderOf({ 'node_modules/m/handler.ts': '' })
  const { problems } = parseManifest('name: m\nsubject: none', join(dir, 'node_modules', 'm', 'module.yaml'))
  expect(problems).toEqual([
    expect.objectContaining({ key: 'handler', hint: 'ship the package with a compiled handler.js' }),
  ])
  writeFileSync(join(dir, 'node_modules', 'm', 'handler.js'), '')
  expect(
    parseManifest(
      'name: m\nsubject: none\nhandler: handler.js',
      join(dir, 'node_modules', 'm', 'module.yaml'),
    ).problems,
  ).toEqual([])
})

test('any values under known keys: a manifest, or at least one problem', () => {
  const key = fc.constantFrom(
    'name',
    'subject',
    'triggers',
    'webhook',
    'actions',
    'when',
    'may',
    'needs',
    'network',
    'retries',
    'config',
    'input',
    'type',
    'properties',
    'x',
    '$ref',
    'command',
    'schedule',
    'handler',
  )
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.jsonValue({ maxDepth: 1 }),
      fc.constantFrom('sample', 'none', 'push', 'object', '5m'),
      fc.dictionary(key, tie('tree'), { maxKeys: 4 }),
      fc.array(tie('tree'), { maxLength: 3 }),
    ),
  }))
  fc.assert(
    fc.property(fc.dictionary(key, tree, { maxKeys: 7 }), fc.boolean(), (value, named) => {
      const { manifest, problems } = parseSample(
        stringify(named ? { ...value, name: 'sample', subject: 'issue' } : value),
      )
      expect(manifest === null).toBe(problems.length > 0)
    }),
    { numRuns: 400 },
  )
})
