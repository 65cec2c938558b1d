// The process of the `hookyard` command: how it ends.
import { environment } from '../config/env.ts'
import { runCommand } from './program.ts'

// The wrapper that started this process on behalf of an older Node is gone: so is this process.
if (environment()['HOOKYARD_HANDED_OVER'] && process.channel) {
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  process.channel.unref()
}
// `hookyard runs | head`: whoever has read enough of what is printed ends the command, and that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})
process.exitCode = await runCommand(process.argv.slice(2))
