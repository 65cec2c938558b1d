// `needs` of module.yaml and `modules.NAME.allow` of hookyard.yaml: one shape, read the same way in both files.
import { isIPv6 } from 'node:net'
import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { z } from 'zod'
import { says } from './schema-parts.ts'

/**
 * What a module reaches beyond its box: hosts (`host` for any port, or `host:port`, lower case, an IPv6 address in
 * brackets), absolute paths of files and folders, names of programs.
 */
export type Needs = Readonly<Record<'network' | 'read' | 'write' | 'run', readonly string[]>>

export const NO_NEEDS: Needs = { network: [], read: [], write: [], run: [] }

const HOST = 'a host name or HOST:PORT'
const PATH = 'the path of a file or folder'
const PROGRAM = 'the name of a program, without its path'

// What an editor can see of them; `hostFault` and `pathFault` say the rest.
const HOST_PATTERN = String.raw`^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(:[0-9]+)?$`
const PATH_PATTERN = String.raw`^[^\s~]`
const PROGRAM_PATTERN = /^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,63}$/

/** `api.example.com:8443` -> its name and its port; null: any port. An IPv6 address keeps its brackets. */
export function splitHost(entry: string): { name: string; port: string | null } {
  const [, name = entry, port = null] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? []
  return { name, port }
}

/** Why a host cannot be listed as it is written, said as what to write; null: it can. */
function hostFault(host: string): string | null {
  if (host.includes('*')) return 'write each host by its whole name: there are no patterns'
  if (host.includes('/')) {
    const inner = /^[a-z][a-z0-9+.-]*:\/\/([^/?#@\s]+)/i.exec(host)?.[1]
    return inner === undefined ? 'write the host alone' : `write ${inner}, without scheme and path`
  }
  if (isIPv6(host)) return `write "[${host}]"`
  const { name, port } = splitHost(host)
  const hostname = URL.parse(`http://${name}`)?.hostname ?? ''
  if (hostname === '') return 'write it like api.example.com or api.example.com:8443'
  if (hostname.endsWith('.')) return 'write it without the dot at its end'
  if (port !== null && !/^[1-9]\d{0,4}$/.test(port)) return 'write a port 1-65535'
  if (Number(port) > 65_535) return 'write a port 1-65535'
  // Other spellings of an address (decimal, octal), of a name (percent signs, full width), and what is no host at all.
  return name.toLowerCase() === hostname ? null : `write ${hostname}${port === null ? '' : `:${port}`}`
}

function pathFault(path: string): string | null {
  if (/\p{Cc}|^\s|\s$/u.test(path))
    return 'write it without white space around it and without control characters'
  if (/^~/.test(path)) return `write the whole path, like ${resolve(homedir(), 'data')}`
  if (/[*?]/.test(path)) return 'write a folder: what is in it goes with it, there are no patterns'
  return /^[a-z]+:\/\//i.test(path) ? 'write a path of this machine' : null
}

function programFault(name: string): string | null {
  if (PROGRAM_PATTERN.test(name)) return null
  const last = name.split('/').at(-1) ?? ''
  return PROGRAM_PATTERN.test(last) ? `write ${last}` : 'write it like git'
}

/** A text for which `faultOf` finds nothing; what it finds is the hint. */
const judged = (expected: string, pattern: string, faultOf: (value: string) => string | null) =>
  z
    .string({ error: expected })
    .superRefine((value, context) => {
      const hint = value.trim() === '' ? 'remove it' : faultOf(value)
      if (hint !== null) context.addIssue({ code: 'custom', message: says(expected, hint) })
    })
    .meta({ pattern })

const list = (one: z.ZodType<string, string>, description: string) =>
  z.array(one).max(100).default([]).describe(description)

/** What a module needs beyond its box, and what an operator grants of it. */
export const needsSchema = () =>
  z.strictObject({
    network: list(
      judged(HOST, HOST_PATTERN, hostFault),
      'Hosts for ctx.fetch: HOST (any port) or HOST:PORT; private addresses only when they are listed themselves',
    ),
    read: list(judged(PATH, PATH_PATTERN, pathFault), 'Files and folders, with all in them'),
    write: list(judged(PATH, PATH_PATTERN, pathFault), 'Files and folders, with all in them'),
    run: list(
      judged(PROGRAM, PROGRAM_PATTERN.source, programFault),
      'Programs by name, inside the namespace alone',
    ),
  })

/** With absolute paths (relative ones start at the folder `dir`), hosts in lower case, each entry once. */
export function resolveNeeds(written: Needs, dir: string): Needs {
  const paths = (all: readonly string[]) => [...new Set(all.map((path) => resolve(dir, path)))]
  return {
    network: [...new Set(written.network.map((host) => host.toLowerCase()))],
    read: paths(written.read),
    write: paths(written.write),
    run: [...new Set(written.run)],
  }
}
