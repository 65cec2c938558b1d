// The process in which `hookyard test-module` tries a handler: the simulation of the SDK, behind the walls of a run.
// Enters: one request by the channel. Leaves: what the handler did, or what it threw.
import { pathToFileURL } from 'node:url'
import type { ModuleDefinition } from '@hookyard/sdk/host'
import { runModule, type RunModuleOptions } from '@hookyard/sdk/testing'
import { resolveSdk } from './resolve-sdk.ts'

resolveSdk()
process.on('disconnect', () => process.exit(0))
process.once('message', (options: RunModuleOptions) => void answer(options))

async function answer(options: RunModuleOptions): Promise<void> {
  try {
    const imported = (await import(pathToFileURL(process.argv[2] ?? '').href)) as {
      default: ModuleDefinition
    }
    process.send?.({ result: await runModule(imported.default, options) })
  } catch (thrown) {
    const { stack, message } = thrown instanceof Error ? thrown : new Error(String(thrown))
    process.send?.({ threw: stack ?? message })
  }
}
