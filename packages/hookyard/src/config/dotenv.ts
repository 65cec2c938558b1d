// `.env` beside the configuration file. The process's own variables win over it.
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import type { Variables } from './interpolate.ts'
import { type Place, placeIn, type Problem } from './problem.ts'
import { readTextFile } from './text-file.ts'

export interface Environment {
  readonly variables: Variables
  /** Where a variable was set: its line in `.env`, or the process's environment. */
  place(name: string): Place
  readonly problems: readonly Problem[]
}

/** The variables of the process and of `dir/.env` together. Never throws. */
export function readEnvironment(dir: string, own: Variables): Environment {
  const file = join(dir, '.env')
  const read = readTextFile(file, 'NAME=value lines')
  const text = 'text' in read ? read.text : ''
  // A folder named .env is a Python environment, and none of our business.
  const ignored = 'problem' in read && (read.missing || read.problem.found === 'a folder')
  const fromFile: Variables = parseEnv(text)
  return {
    variables: { ...fromFile, ...own },
    problems: 'problem' in read && !ignored ? [read.problem] : [],
    place(name) {
      const lines = text.split('\n')
      const index = lines.findLastIndex((line) => new RegExp(`^\\s*(?:export\\s+)?${name}\\s*=`).test(line))
      if (own[name] !== undefined || index < 0) return placeIn('environment', name)
      return { file, line: index + 1, column: (lines[index] ?? '').indexOf(name) + 1, key: name }
    },
  }
}
