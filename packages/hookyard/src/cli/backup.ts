// `hookyard backup`: a consistent copy of the embedded database; through the server while it runs, else of its file.
import { existsSync } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { toError } from '../lib/errors.ts'
import { readServerFile } from '../compose/server-file.ts'
import { backupDatabase } from '../store/sqlite/backup.ts'
import type { AskOptions } from './client/ask.ts'
import { dataDirOf, namesServer } from './client/find-server.ts'
import { createProgress } from './client/progress.ts'
import { openClient, ServerSilence } from './client/server-client.ts'
import { CommandFailure } from './failure.ts'
import { databaseIn } from './installation.ts'
import { print } from './print.ts'

/** Writes the copy. @throws CommandFailure when the file is there already, or nothing can be copied */
export async function runBackup(file: string, options: AskOptions): Promise<void> {
  const to = resolve(file)
  if (existsSync(to)) throw taken(to)
  const running = namesServer(options) || (await readServerFile(dataDirOf(options.config))) !== null
  const bytes = running ? await fromServer(to, options) : await fromFile(to, options)
  print({ file: to, bytes }, options.json, () => `${to}: ${bytes} bytes\n`)
}

async function fromServer(to: string, options: AskOptions): Promise<number> {
  try {
    const client = await openClient(options)
    return await write(await client.download('/api/backup'), to)
  } catch (thrown) {
    // A server that was killed has left its server.json.
    if (thrown instanceof ServerSilence && !namesServer(options)) return fromFile(to, options)
    throw thrown
  }
}

async function fromFile(to: string, { config }: AskOptions): Promise<number> {
  const database = databaseIn(dataDirOf(config))
  if (!existsSync(database)) {
    throw new CommandFailure(`nothing is stored yet: there is no ${database}, and no server runs here`)
  }
  try {
    await backupDatabase(database, to)
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') throw taken(to)
    throw new CommandFailure(toError(thrown).message)
  }
  const copy = await open(to, 'r')
  const { size } = await copy.stat().finally(() => copy.close())
  return size
}

/** Writes a file that only its owner reads; one that came by halves is taken away again. */
async function write(bytes: ReadableStream<Uint8Array>, to: string): Promise<number> {
  const progress = createProgress()
  let written = 0
  const file = await open(to, 'wx', 0o600).catch((thrown: NodeJS.ErrnoException) => {
    throw thrown.code === 'EEXIST'
      ? taken(to)
      : new CommandFailure(`${to} cannot be written: ${thrown.message}`)
  })
  try {
    for await (const chunk of bytes) {
      await file.writeFile(chunk)
      written += chunk.byteLength
      progress.show(`${to}: ${Math.round(written / 1_048_576)} MiB`)
    }
    await file.sync()
  } catch (thrown) {
    await rm(to, { force: true })
    throw new CommandFailure(`the copy broke off, and ${to} is gone again: ${toError(thrown).message}`)
  } finally {
    progress.clear()
    await file.close()
  }
  return written
}

const taken = (file: string) =>
  new CommandFailure(`${file} is there already, and a backup overwrites nothing; name another file`)
