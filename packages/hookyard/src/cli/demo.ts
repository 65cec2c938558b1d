// `hookyard demo`: the whole real pipeline with local stand-ins; no account, no key, no network.
import { createNarrator } from './demo/narrator.ts'
import { playChapters } from './demo/chapters.ts'
import { openDemoWorld } from './demo/world.ts'
import { CommandFailure, UsageError } from './failure.ts'

/** Plays the tour, then stays up until it is stopped. @throws CommandFailure when a chapter does not come true. */
export async function runDemo(options: { readonly port: string; readonly exit?: boolean }): Promise<void> {
  const port = Number(options.port)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new UsageError(`--port ${options.port}: expected 0-65535`)
  const narrator = createNarrator(process.stdout)
  process.stdout.write('Hookyard demo. HTTP, database, module processes and messages are real;\n')
  process.stdout.write('only GitHub, Telegram and the AI are stand-ins on this machine.\n')
  const stopped = new Promise<void>((resolve) => {
    // The last one: its terminal was closed.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
  })
  const world = await openDemoWorld(port)
  process.stderr.write(`hookyard: listening on ${world.service.url}\n`)
  try {
    const played = await Promise.race([
      playChapters(world, narrator).then(() => true),
      stopped.then(() => false),
    ])
    const wrong = [...world.github.violations, ...world.telegram.violations]
    if (wrong.length > 0)
      throw new CommandFailure(
        `the stand-ins found a request that the real services would refuse: ${JSON.stringify(wrong[0])}`,
      )
    if (!played || options.exit) return
    narrator.chapter('Your turn')
    narrator.say(`The service is up at ${world.service.url}. In another terminal:`)
    for (const command of commandsToTry(world.configFile, world.service.url)) narrator.say(`  ${command}`)
    narrator.say('Then your own repositories, in two lines: see README.md. Ctrl+C stops the demo.')
    await stopped
  } catch (thrown) {
    if (thrown instanceof CommandFailure) throw thrown
    throw new CommandFailure(`the demo could not show what it promises: ${(thrown as Error).message}`)
  } finally {
    await world.close()
  }
}

function commandsToTry(config: string, url: string): string[] {
  return [
    `node bin/hookyard.js why codertocat/hello-world#2 --config ${config}`,
    `node bin/hookyard.js check --config ${config}`,
    `curl ${url}/ready`,
  ]
}
