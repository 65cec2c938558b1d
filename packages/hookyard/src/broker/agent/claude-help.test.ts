// The flags that we pass are flags that the program has: compared with its own recorded `--help`.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { claudeArguments } from './claude-cli.ts'
import { openProgramFolder, type ProgramFolder } from '../../../testing/broker/agent/program-folder.ts'

const help = readFileSync(join(import.meta.dirname, 'claude-help.txt'), 'utf8')

/** `--model` -> `<model>`, `-p` -> '': every flag of a help page, and whether it takes a value. */
function flagsOf(page: string): Map<string, string> {
  const options = page.slice(page.indexOf('\nOptions:'), page.indexOf('\nCommands:'))
  return new Map(
    [...options.matchAll(/^ {2}(-[^\s].*?)(?: {2,}.*)?$/gm)].flatMap(([, text = '']) => {
      const value = /[<[][^>\]]+[>\]]/.exec(text)?.[0] ?? ''
      return [...text.matchAll(/--?[a-z][\w-]*/gi)].map(([flag]) => [flag, value] as const)
    }),
  )
}

const passed = claudeArguments(
  {
    ...{ prompt: '', schema: { type: 'object' }, task: null, model: 'sonnet', timeoutMs: 1, maxUsd: 0.5 },
    signal: new AbortController().signal,
  },
  true,
)

test('the record is of a version, and its flags are read', () => {
  expect(help).toMatch(/^# \d+\.\d+\.\d+ \(Claude Code\): claude --help\n\nUsage: claude /)
  const flags = flagsOf(help)
  expect(flags.size).toBeGreaterThan(40)
  expect([flags.get('--model'), flags.get('--verbose'), flags.get('-p')]).toEqual(['<model>', '', ''])
})

test('every flag that we pass is in the recorded help', () => {
  const flags = flagsOf(help)
  const ours = passed.filter((argument) => argument.startsWith('-'))
  expect(ours).toEqual(
    expect.arrayContaining([
      '-p',
      '--json-schema',
      '--max-budget-usd',
      '--tools',
      '--strict-mcp-config',
      '--bare',
    ]),
  )
  expect(ours.filter((flag) => !flags.has(flag))).toEqual([])
})

test('what we give a value takes one, and what we give none takes none', () => {
  const flags = flagsOf(help)
  const wrong = passed.flatMap((argument, index) => {
    if (!argument.startsWith('-')) return []
    const next = passed[index + 1]
    const hasValue = next !== undefined && !next.startsWith('-')
    return hasValue === (flags.get(argument) !== '') ? [] : [argument]
  })
  expect(wrong).toEqual([])
})

test('what the values mean is still written there', () => {
  const words = help.replace(/\s+/g, ' ')
  expect(words).toContain('Output format (only works with --print): "text" (default), "json" (single result)')
  expect(words).toContain('Built-in tools to make available: "" for none')
  expect(words).toContain('Anthropic auth is strictly ANTHROPIC_API_KEY')
})

let programs: ProgramFolder
beforeEach(() => {
  programs = openProgramFolder()
})
afterEach(() => programs.remove())

test('the script records a program that is there, and says what to do about one that is not', () => {
  const script = join(import.meta.dirname, '../../../../../scripts/record-claude-help.ts')
  const program = programs.addShell(
    'claude',
    `[ "$1" = --version ] && echo '9.9.9 (Claude Code)' && exit; [ "$HOME" = "${homedir()}" ] && exit 1
     printf 'Usage: claude [options]   \\n\\nOptions:\\n  --model <model>  Which\\n'`,
  )
  const file = join(programs.path, 'help.txt')
  execFileSync(process.execPath, [script, program, file])
  expect(readFileSync(file, 'utf8')).toBe(
    '# 9.9.9 (Claude Code): claude --help\n\nUsage: claude [options]\n\nOptions:\n  --model <model>  Which\n',
  )
  const missing = () => execFileSync(process.execPath, [script, 'no-such-program', file], { stdio: 'pipe' })
  expect(missing).toThrow(/Install Claude Code, or name the program/)
})
