// `data_dir/server.json`: how client commands on this machine find the running server. Only its owner reads it.
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'

const shape = z.object({ url: z.string(), token: z.string(), pid: z.number().int() })

export type ServerFile = z.infer<typeof shape>

const pathIn = (dataDir: string) => join(dataDir, 'server.json')

/** Written whole or not at all, mode 0600. */
export async function writeServerFile(dataDir: string, content: ServerFile): Promise<void> {
  const temporary = `${pathIn(dataDir)}.${content.pid}.tmp`
  try {
    await writeFile(temporary, `${JSON.stringify(content)}\n`, { mode: 0o600 })
    await rename(temporary, pathIn(dataDir))
  } catch (thrown) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw thrown
  }
}

/** The running server's address and token; null when there is no such file or it makes no sense. */
export async function readServerFile(dataDir: string): Promise<ServerFile | null> {
  try {
    const parsed = shape.safeParse(JSON.parse(await readFile(pathIn(dataDir), 'utf8')))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}

export async function removeServerFile(dataDir: string): Promise<void> {
  await rm(pathIn(dataDir), { force: true })
}
