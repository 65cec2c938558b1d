// How a command fails, and how that is told: a sentence on stderr, and for a program that asked for JSON the same in the
// HTTP API's words on stdout, unless its result stands there already.
import { CommanderError } from 'commander'
import { environment } from '../config/env.ts'
import { ConfigError, formatProblems } from '../config/problem.ts'
import { UserError, toError } from '../lib/errors.ts'
import { hasPrinted, print } from './print.ts'

/** The command did not do what was asked; the message says why and what to do. Exit code 1. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
  /** snake_case, for programs. */
  readonly code: string = 'failed'
}

/** The command was called wrongly. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly code = 'wrong_usage'
}

/** Tells what was thrown; answers the exit code. */
export function reportFailure(thrown: unknown, json: boolean): number {
  if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0 // --help, --version
  const error = toError(thrown)
  if (json && !hasPrinted()) print(documentOf(error), json, () => '')
  if (error instanceof CommanderError) return 2 // it has printed its sentence
  if (error instanceof ConfigError) process.stderr.write(`${formatProblems(error.problems)}\n`)
  else process.stderr.write(`hookyard: ${error.message}\n`)
  if (error instanceof UsageError) return 2
  const explained =
    error instanceof CommandFailure || error instanceof ConfigError || error instanceof UserError
  if (!explained && environment()['HOOKYARD_DEBUG']) process.stderr.write(`${error.stack}\n`)
  return 1
}

function documentOf(error: Error): Record<string, unknown> {
  if (error instanceof ConfigError)
    return { error: 'the configuration has problems', code: 'invalid_config', problems: error.problems }
  if (error instanceof CommanderError)
    return { error: error.message.replace(/^error: /, ''), code: 'wrong_usage' }
  const hasCode = error instanceof CommandFailure || error instanceof UsageError || error instanceof UserError
  return { error: error.message, code: hasCode ? error.code : 'failed' }
}
