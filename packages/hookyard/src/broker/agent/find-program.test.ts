// A program is found as a shell finds it: the first runnable file on the path, or the path itself.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { chmodSync, mkdirSync } from 'node:fs'
import { findProgram } from './find-program.ts'
import { openProgramFolder, type ProgramFolder } from '../../../testing/broker/agent/program-folder.ts'

let programs: ProgramFolder
beforeEach(() => {
  programs = openProgramFolder()
})
afterEach(() => programs.remove())

test('finds a runnable file by name and by path', () => {
  const path = programs.addShell('tool', 'exit 0')
  expect(findProgram('tool', `/nowhere::${programs.path}`)).toBe(path)
  expect(findProgram(path, '')).toBe(path)
})

test('a folder, a file that may not be run and nothing are none', () => {
  mkdirSync(`${programs.path}/folder`)
  chmodSync(programs.addShell('text', ''), 0o644)
  for (const name of ['folder', 'text', 'nothing']) expect(findProgram(name, programs.path)).toBeNull()
})
