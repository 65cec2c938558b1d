// The JSON Schemas that editors read are the ones that the program means.
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { EVERYTHING } from '../../testing/config/everything.ts'
import { readText } from '../../testing/config/read.ts'
import { configJsonSchema } from './json-schema.ts'

function validator(schema: object) {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  const check = ajv.compile(schema)
  return (text: string) => check(parse(text) ?? {})
}

const inEditor = validator(configJsonSchema)

test.each([
  ['the page with every key', EVERYTHING],
  ['two lines', 'repos: ["octocat/*"]\nnotify: telegram:111'],
  ['nothing', ''],
  [
    'variables for numbers, booleans and choices',
    'server: { port: "${PORT:-1}" }\nlog: { level: "${LEVEL:-info}" }\nmodules: { m: { enabled: "${ON:-true}" } }',
  ],
  ['several secrets', 'github: { webhook_secret: [a, b] }'],
])('editor and program agree that this is good: %s', (_name, text) => {
  expect(readText(text).problems).toEqual([])
  expect(inEditor(text)).toBe(true)
})

test.each([
  ['an unknown key', 'prot: 1'],
  ['an unknown key deep down', 'modules: { m: { cooldwon: 5m } }'],
  ['a wrong type', 'server: { port: [] }'],
  ['a port too high', 'server: { port: 70000 }'],
  ['a wrong choice', 'log: { level: loud }'],
  ['a repository without an owner', 'repos: [x]'],
  ['a missing key', 'api_tokens: [{ name: a }]'],
  ['no duration', 'agent: { timeout: 5x }'],
  ['an empty secret', 'github: { webhook_secret: "" }'],
  ['an empty token', 'telegram: { bot_token: "" }'],
  ['an empty folder', 'data_dir: ""'],
  ['no address', 'notify: somebody'],
  ['no database', 'database: mysql://h/db'],
])('editor and program agree that this is bad: %s', (_name, text) => {
  expect(readText(text).problems).not.toEqual([])
  expect(inEditor(text)).toBe(false)
})
