// The files of a handler as they were when it was inspected. While it is inspected its files are noted, from the
// handler itself to what it imports; later processes are given them and load no newer ones, whatever is on the disk.
// URLs stay: relative imports, packages, breakpoints and stack traces are those of the author's folder.
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'

/** More than this is not kept: such a handler is read from the disk by each process. */
export const MAX_KEPT_CHARACTERS = 16 * 1024 * 1024
export const MAX_KEPT_FILES = 2_000

export interface KeptFile {
  readonly url: string
  /** As Node's loader names it (`module-typescript` …); null: it has none, of what `require` loads. */
  readonly format: string | null
  readonly source: string
}

const FORMATS = new Set(['module', 'module-typescript', 'commonjs', 'commonjs-typescript', 'json'])
const own = [new URL('../../', import.meta.url).href, new URL('.', import.meta.resolve('@hookyard/sdk')).href]

export interface KeptFiles {
  /** From now on these are loaded, and not what is on the disk. */
  use(files: readonly KeptFile[]): void
  /** What has been loaded; null: too much to be kept. Packages (node_modules) and the service's own files are not among it. */
  noted(): KeptFile[] | null
}

/** Begins to note; to be called before anything of the module is loaded. */
export function keepFiles(): KeptFiles {
  const kept = new Map<string, KeptFile>()
  const noted = new Map<string, KeptFile>()
  let characters = 0
  registerHooks({
    resolve(specifier, context, next) {
      const known = kept.get(urlOf(specifier, context.parentURL))
      if (!known) return next(specifier, context)
      const { importAttributes } = context
      return { url: known.url, format: known.format ?? undefined, importAttributes, shortCircuit: true }
    },
    load(url, context, next) {
      const known = kept.get(url)
      if (known) return { format: known.format ?? undefined, source: known.source, shortCircuit: true }
      const loaded = next(url, context)
      const format = loaded.format ?? null
      if (!isOfModule(url) || !isText(url, format)) return loaded
      const source = textOf(loaded.source) ?? readFileSync(fileURLToPath(url), 'utf8')
      characters += source.length
      if (characters <= MAX_KEPT_CHARACTERS) noted.set(url, { url, format, source })
      return loaded
    },
  })
  return {
    use(files) {
      for (const file of files) kept.set(file.url, file)
    },
    noted: () =>
      characters > MAX_KEPT_CHARACTERS || noted.size > MAX_KEPT_FILES ? null : [...noted.values()],
  }
}

const isText = (url: string, format: string | null): boolean =>
  format === null ? !url.endsWith('.node') : FORMATS.has(format)

const isOfModule = (url: string): boolean =>
  url.startsWith('file:') && !url.includes('/node_modules/') && !own.some((folder) => url.startsWith(folder))

/** The file that a relative or absolute import names; '' for what must be looked up. */
function urlOf(specifier: string, parent: string | undefined): string {
  if (!/^(?:\.{1,2}\/|\/|file:)/.test(specifier)) return ''
  return URL.canParse(specifier, parent) ? new URL(specifier, parent).href : ''
}

const textOf = (source: unknown): string | null => {
  if (typeof source === 'string') return source
  return source instanceof Uint8Array || source instanceof ArrayBuffer
    ? new TextDecoder().decode(source)
    : null
}
