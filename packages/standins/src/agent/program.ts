import { fileURLToPath } from 'node:url'

/** Path of the scripted agent, an executable that speaks the command line of `claude`: for `agent.command`. */
export const standinAgent = (): string => fileURLToPath(new URL('./claude', import.meta.url))
