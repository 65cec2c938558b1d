// The `hookyard` command: which commands there are, and how each ends. 0 good, 1 a failure that the message
// explains, 2 wrong usage. Results go to stdout, everything else to stderr.
import { Command, InvalidArgumentError, Option } from 'commander'
import { reportFailure, UsageError } from './failure.ts'
import { beginOutput } from './print.ts'
import { version } from './package.ts'

/** Options that every command with a configuration takes. */
const CONFIG = ['--config <file>', 'the configuration', 'hookyard.yaml'] as const
const JSON_FLAG = ['--json', 'print one JSON document on stdout'] as const
/** Of every command that asks the server. */
const URL_OPTION = [
  '--url <url>',
  'the server (else HOOKYARD_URL, with HOOKYARD_TOKEN; else the one that runs here)',
] as const

function program(): Command {
  const hookyard = new Command('hookyard')
    .description('GitHub webhooks in, modules run, people hear of it.')
    .version(version(), '-V, --version')
    .configureHelp({ sortSubcommands: false })
    .exitOverride()
    .showHelpAfterError('(hookyard COMMAND --help tells what a command takes)')

  hookyard.commandsGroup('The service:')
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
    .action(async (options) => (await import('./check.ts')).runCheckCommand(options))
  hookyard.commandsGroup('What would happen, and what happened:')
  addSimulate(hookyard)
  hookyard
    .command('why')
    .description('what happened and why')
    .argument('<target>', 'a delivery GUID, a pull request or issue URL, or owner/repo#42')
    .option(...CONFIG)
    .option(...URL_OPTION)
    .option(...JSON_FLAG)
    .action(async (target, options) => (await import('./why.ts')).runWhy(target, options))
  addServerCommands(hookyard)
  addModuleCommands(hookyard)
  return hookyard
}

function addSimulate(hookyard: Command): void {
  hookyard
    .command('simulate')
    .description('what WOULD happen under this configuration; nothing is stored, run or sent')
    .argument('[file]', 'a payload as JSON; - reads standard input')
    .option('--event <name>', 'its webhook event: pull_request, issues, push …')
    .option(
      '--stored [guid...]',
      'past deliveries instead, beside what was decided: these, or those of --since',
    )
    .option('--since <duration>', 'with --stored: how far back (default: 7d)')
    .option(...CONFIG)
    .option('--fresh', 'ignore open cooldown windows and waiting runs of the installation')
    .option(...JSON_FLAG)
    .action(async (file: string | undefined, { stored, ...options }) => {
      if (stored !== undefined) {
        if (file !== undefined || options.event !== undefined || options.fresh)
          throw new UsageError('--stored takes no payload, no --event and no --fresh')
        const guids = stored === true ? [] : stored
        return (await import('./simulate-stored.ts')).runSimulateStored({ ...options, stored: guids })
      }
      if (file === undefined || options.event === undefined)
        throw new UsageError('simulate wants a payload and its --event, or --stored')
      return (await import('./simulate.ts')).runSimulate(file, options)
    })
}

const STATUSES = ['queued', 'running', 'paused', 'done', 'failed', 'skipped', 'cancelled']

/** @throws InvalidArgumentError */
function readLimit(given: string): string {
  if (/^[1-9]\d{0,2}$/.test(given) && Number(given) <= 200) return given
  throw new InvalidArgumentError('expected 1 to 200')
}

/** Commands that ask a running server. */
function addServerCommands(hookyard: Command): void {
  hookyard.commandsGroup('The running server:')
  const ask = (name: string, description: string) =>
    hookyard
      .command(name)
      .description(description)
      .option(...CONFIG)
      .option(...URL_OPTION)
      .option(...JSON_FLAG)
  const lists = () => import('./lists.ts')
  const actions = () => import('./actions.ts')

  ask('invoke <module>', 'start a run on the running server, follow it, print its result')
    .option('--entity <entity>', 'what it is about: owner/repo#42')
    .option('--input <json>', 'its input; - reads standard input')
    .option('--respect-cooldown', 'refuse while a cooldown window is open')
    .action(async (module, options) => (await import('./invoke.ts')).runInvoke(module, options))
  ask('status', 'how the running server is').action(async (options) => (await lists()).runStatus(options))
  ask('modules', 'the modules, whether they are on, their next ticks and last runs').action(async (options) =>
    (await lists()).runModules(options),
  )
  ask('runs', 'runs, newest first')
    .option('--module <name>')
    .addOption(new Option('--status <status>', 'only those in this state').choices(STATUSES))
    .option('--entity <entity>')
    .option('--cost', 'also what they cost, and the sum')
    .option('--limit <count>', 'at most so many, up to 200', readLimit, '20')
    .option('--cursor <cursor>', 'go on after an earlier page')
    .action(async (options) => (await lists()).runRuns(options))
  ask('deliveries', 'deliveries, newest first')
    .option('--entity <entity>')
    .option('--limit <count>', 'at most so many, up to 200', readLimit, '20')
    .option('--cursor <cursor>', 'go on after an earlier page')
    .action(async (options) => (await lists()).runDeliveries(options))
  ask('replay <guid>', 'dispatch a stored delivery again, under the configuration in force').action(
    async (guid, options) => (await actions()).runReplay(guid, options),
  )
  ask('cancel <run>', 'cancel a run').action(async (run, options) =>
    (await actions()).runAct('cancel', run, options),
  )
  ask('retry <run>', 'try a failed or cancelled run again').action(async (run, options) =>
    (await actions()).runAct('retry', run, options),
  )
  ask('answer <run> <answer>', 'answer the question of a paused run').action(async (run, answer, options) =>
    (await actions()).runAct('resume', run, options, { answer }),
  )
  for (const action of ['enable', 'disable'] as const) {
    ask(
      `${action} <module>`,
      `switch a module ${action === 'enable' ? 'on' : 'off'}; lasts over restarts`,
    ).action(async (module, options) => (await actions()).runSwitch(action, module, options))
  }
  ask('invite <user>', 'a code for `/start CODE` to the bot: who sends it is this user; once, ten minutes')
    .option('--revoke', 'instead, take back what was claimed and an open code')
    .action(async (user, { revoke, ...options }) => {
      const { runInvite, runRevoke } = await actions()
      return revoke ? runRevoke(user, options) : runInvite(user, options)
    })
  ask('backup', 'a consistent copy of the embedded database, while it runs or not')
    .argument('<file>', 'where to; nothing is overwritten')
    .action(async (file, options) => (await import('./backup.ts')).runBackup(file, options))
  hookyard
    .command('mcp')
    .description('Model Context Protocol over stdio, for agents; a client of the running server')
    .option(...CONFIG)
    .option(...URL_OPTION)
    .action(async (options) => (await import('./mcp.ts')).runMcp(options))
}

/** Commands for those who write modules. */
function addModuleCommands(hookyard: Command): void {
  hookyard.commandsGroup('Your own modules:')
  hookyard
    .command('new-module')
    .description('scaffold a module: manifest, handler, test')
    .argument('<name>')
    .option(...CONFIG)
    .option('--dir <folder>', 'the folder of modules (default: the first of module_dirs, else ./my-modules)')
    .option(...JSON_FLAG)
    .action(async (name, options) => (await import('./new-module.ts')).runNewModule(name, options))
  hookyard
    .command('test-module')
    .description('run a handler on a payload, with every effect captured; without one: the tests beside it')
    .argument('<dir>', 'the module')
    .argument('[file]', 'the payload as JSON; - reads standard input')
    .option('--event <name>', 'its webhook event')
    .option('--input <json>', 'the input of an invoke')
    .option('--settings <json>', 'what modules.NAME.config would say')
    .option('--agent <answer>', 'what the agent answers: JSON, else a text')
    .option('--github <file>', 'what GitHub answers, as JSON: diff, files, comments, labels, contents …')
    .option(...JSON_FLAG)
    .action(async (dir, file, options) =>
      (await import('./test-module.ts')).runTestModule(dir, file, options),
    )
}

/** Runs the command line; answers the exit code. */
export async function runCommand(argv: readonly string[]): Promise<number> {
  beginOutput()
  try {
    await program().parseAsync(argv, { from: 'user' })
    return 0
  } catch (thrown) {
    return reportFailure(thrown, argv.includes('--json'))
  }
}
