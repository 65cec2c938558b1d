// Nothing secret: what the environment of a module process may hold.
import { getCompileCacheDir } from 'node:module'
import { join } from 'node:path'

const KEPT = ['PATH', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR']

/** Where programs are, the language and the time zone, which cannot be looked up in a box. */
export function moduleEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { TZ: Intl.DateTimeFormat().resolvedOptions().timeZone, ...harmless(environment) }
}

function harmless(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    KEPT.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])),
  )
}

/** And a compile cache: it starts in a third of the time. */
export const starterEnvironment = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  ...harmless(environment),
  ...compileCache('starter'),
})

function compileCache(folder: string): NodeJS.ProcessEnv {
  const own = getCompileCacheDir()
  return own === undefined ? {} : { NODE_COMPILE_CACHE: join(own, folder) }
}
