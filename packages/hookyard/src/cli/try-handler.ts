// Tries a handler once, in a process behind the walls that this machine has, with nothing granted.
import { spawn } from 'node:child_process'
import { environment } from '../config/env.ts'
import type { Manifest } from '../registry/manifest.ts'
import { closedBox, moduleEnvironment, TRY_ENTRY } from '../run/box.ts'
import { boxedCommand } from '../run/boxed-command.ts'
import { findWalls } from '../run/find-walls.ts'
import type { RunModuleOptions, RunModuleResult } from '@hookyard/sdk/testing'
import { CommandFailure } from './failure.ts'

type Answer = { readonly result: RunModuleResult } | { readonly threw: string }

/** @throws CommandFailure with what the handler threw, or how its process ended */
export async function tryHandler(manifest: Manifest, options: RunModuleOptions): Promise<RunModuleResult> {
  const env = environment()
  const { walls } = await findWalls('auto', env)
  const { handler, dir } = manifest
  const box = { ...closedBox(handler, walls), folder: dir }
  const boxed = boxedCommand(
    { handler, environment: moduleEnvironment(env), box },
    ['--disable-warning=ExperimentalWarning'],
    TRY_ENTRY,
  )
  try {
    const answer = await ask(boxed, dir, options)
    if ('threw' in answer) throw new CommandFailure(`the handler threw ${answer.threw}`)
    return answer.result
  } finally {
    boxed.end()
  }
}

/** What the handler prints goes to stderr: stdout is the command's own. */
function ask(
  { command: [program, ...args], environment: env }: ReturnType<typeof boxedCommand>,
  cwd: string,
  options: RunModuleOptions,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 2, 2, 'ipc'] })
    child.once('message', (answer) => {
      resolve(answer as Answer)
      child.kill('SIGKILL')
    })
    child.once('error', (error) =>
      reject(new CommandFailure(`its process could not be started: ${error.message}`)),
    )
    child.once('exit', (code, signal) => reject(new CommandFailure(`its process ended (${signal ?? code})`)))
    child.send(options)
  })
}
