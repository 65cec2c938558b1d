// A command that asks the server for one thing, and prints the answer: as text, or as it is with `--json`.
import type { z } from 'zod'
import { print } from '../print.ts'
import type { ServerOptions } from './find-server.ts'
import { openClient } from './server-client.ts'

export interface AskOptions extends ServerOptions {
  readonly json?: boolean
}

/** `/api/runs/ID/cancel` of its parts. */
export const api = (...parts: readonly string[]): string => `/api/${parts.map(encodeURIComponent).join('/')}`

/** Prints what a GET answers. @throws CommandFailure */
export async function show<Schema extends z.ZodType>(
  options: AskOptions,
  path: string,
  schema: Schema,
  render: (answer: z.output<Schema>) => string,
): Promise<void> {
  print(await (await openClient(options)).get(path, schema), options.json, render)
}

/** Prints what a POST answers. @throws CommandFailure */
export async function act<Schema extends z.ZodType>(
  options: AskOptions,
  path: string,
  schema: Schema,
  render: (answer: z.output<Schema>) => string,
  body?: unknown,
): Promise<void> {
  print(await (await openClient(options)).post(path, schema, body), options.json, render)
}
