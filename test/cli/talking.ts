// An installation with a module that does what it is told, and commands that are run in its folder.
import { officialPayload } from '@hookyard/standins/payloads'
import { type CommandOptions, hookyard } from '../command-line.ts'
import { type TestInstallation, openInstallation } from '../installation.ts'

export const TALKING = {
  manifest: { subject: 'none', retries: { max: 0 }, triggers: [{ webhook: 'issues' }] },
  handler: `
    import { defineModule, done, failed, paused, skipped } from '@hookyard/sdk'
    const outcomes = { done: () => done('good'), failed: () => failed('bad'), skipped: () => skipped('dull'),
      paused: () => paused('Red or blue?', { options: [{ value: 'r', label: 'Red' }, 'blue'] }),
      strange: () => done('\\u001b[31mred\\u0007 ' + '\\u202e' + 'dlo'), throws: () => { throw new Error('it broke') } }
    export default defineModule({ handle: ({ trigger, input }) =>
      trigger.type === 'resume' ? done('it is ' + trigger.data.answer) : outcomes[input.how ?? 'done']() })`,
}

export const open = () => openInstallation({ builtins: true, modules: { talking: TALKING } })
export const run = (at: TestInstallation, args: readonly string[], more: Partial<CommandOptions> = {}) =>
  hookyard(args, { cwd: at.dir, ...more })
export const json = async (at: TestInstallation, ...args: string[]) => {
  const { stdout } = await run(at, [...args, '--json'])
  return JSON.parse(stdout) as Record<string, unknown>
}

export async function deliver(at: TestInstallation) {
  const { guid } = await at.post('issues', officialPayload('issues', 'opened'))
  const mine = (await at.decisions(guid)).find(({ module }) => module === 'talking')
  await at.ended(String(mine?.run_id))
  return { guid, runId: String(mine?.run_id) }
}
