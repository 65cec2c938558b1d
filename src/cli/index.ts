// The `hookyard` command: which commands there are, and how each ends. 0 good, 1 a failure that the message
// explains, 2 wrong usage. Results go to stdout, everything else to stderr.
import { Command, CommanderError, Option } from 'commander'
import { environment } from '../config/env.ts'
import { ConfigError, formatProblems } from '../config/problem.ts'
import { UserError, toError } from '../errors.ts'
import { CommandFailure, UsageError } from './failure.ts'
import { version } from './version.ts'

/** Options that every command with a configuration takes. */
const CONFIG = ['--config <file>', 'the configuration', 'hookyard.yaml'] as const
const JSON_FLAG = ['--json', 'print one JSON document on stdout'] as const

function program(): Command {
  const hookyard = new Command('hookyard')
    .description('GitHub webhooks in, modules run, people hear of it.')
    .version(version(), '-V, --version')
    .configureHelp({ sortSubcommands: false })
    .exitOverride()
    .showHelpAfterError('(hookyard COMMAND --help tells what a command takes)')

  hookyard
    .command('start')
    .description('run the service')
    .option(...CONFIG)
    .addOption(
      new Option('--role <role>', 'what this process does')
        .choices(['all', 'ingress', 'worker'])
        .default('all'),
    )
    .action(async (options) => (await import('./start.ts')).runStart(options))
  hookyard
    .command('demo')
    .description('the whole pipeline with local stand-ins: no account, no key, no network')
    .option('--port <port>', 'where the service listens (another free port when it is taken)', '8080')
    .option('--exit', 'stop after the tour instead of staying up')
    .action(async (options) => (await import('./demo.ts')).runDemo(options))
  hookyard
    .command('check')
    .description('validate configuration and manifests')
    .option(...CONFIG)
    .option('--online', 'also try tokens, webhooks, the agent, disk and clock')
    .option(...JSON_FLAG)
    .action(async (options) => (await import('./check-command.ts')).runCheckCommand(options))
  hookyard
    .command('simulate')
    .description('what WOULD happen to a payload under this configuration; nothing is stored, run or sent')
    .argument('<file>', 'the payload as JSON; - reads standard input')
    .requiredOption('--event <name>', 'the webhook event: pull_request, issues, push …')
    .option(...CONFIG)
    .option('--fresh', 'ignore open cooldown windows and waiting runs of the installation')
    .option(...JSON_FLAG)
    .action(async (file, options) => (await import('./simulate.ts')).runSimulate(file, options))
  hookyard
    .command('why')
    .description('what happened and why')
    .argument('<target>', 'a delivery GUID, a pull request or issue URL, or owner/repo#42')
    .option(...CONFIG)
    .option(...JSON_FLAG)
    .action(async (target, options) => (await import('./why.ts')).runWhy(target, options))
  return hookyard
}

/** Runs the command line; answers the exit code. */
async function main(argv: readonly string[]): Promise<number> {
  try {
    await program().parseAsync(argv, { from: 'user' })
    return 0
  } catch (thrown) {
    return report(thrown)
  }
}

function report(thrown: unknown): number {
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2 // it has printed its sentence
  const error = toError(thrown)
  if (error instanceof ConfigError) process.stderr.write(`${formatProblems(error.problems)}\n`)
  else process.stderr.write(`hookyard: ${error.message}\n`)
  if (error instanceof UsageError) return 2
  const explained =
    error instanceof CommandFailure || error instanceof ConfigError || error instanceof UserError
  if (!explained && environment()['HOOKYARD_DEBUG']) process.stderr.write(`${error.stack}\n`)
  return 1
}

// The wrapper that started this process on behalf of an older Node is gone: so is this process.
if (environment()['HOOKYARD_HANDED_OVER'] && process.channel) {
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  process.channel.unref()
}
process.exitCode = await main(process.argv.slice(2))
