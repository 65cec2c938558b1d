// The changed files as they are at the head: a diff shows what changed, the file shows where.
import type { DiffFile, ContextOf } from '@hookyard/sdk'
import type { Change } from './change.ts'
import type { Limits } from './settings.ts'

export interface HeadFile {
  readonly path: string
  readonly text: string
}

export interface HeadFiles {
  readonly files: readonly HeadFile[]
  /** Path and reason of each that was not even asked for, or is no text. */
  readonly notes: readonly string[]
  /** Of each that could not be read. */
  readonly unread: readonly string[]
}

/** Requests at a time. */
const PARALLEL = 6

const NO_TEXT =
  /\.(?:png|jpe?g|gif|bmp|ico|webp|avif|tiff?|pdf|zip|gz|tgz|bz2|xz|7z|rar|jar|war|class|so|dll|dylib|exe|o|a|woff2?|ttf|otf|eot|mp[34]|wav|ogg|webm|mov|avi|sqlite|db|wasm|pyc)$/i

/** Reads as many as the limits allow, in the diff's order. */
export async function readHeadFiles(
  ctx: ContextOf<'pull_request'>,
  change: Change,
  limits: Limits,
): Promise<HeadFiles> {
  const notes: string[] = []
  const unread: string[] = []
  const wanted: DiffFile[] = []
  for (const file of change.files) {
    const why = reasonAgainst(file)
    if (why !== null) notes.push(`${file.file}: ${why}`)
    // An added file is in the diff as a whole.
    else if (file.status !== 'added' && file.lines.length > 0) wanted.push(file)
  }
  const later = wanted.splice(limits.files_read)
  if (later.length > 0) notes.push(`${later.length} more changed files were not read at the head`)
  const found = new Map<string, string>()
  const queue = [...wanted]
  const work = async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const path = file.file
      try {
        const text = await ctx.repo.file(path, ctx.pr.head.sha)
        const why = text === null ? 'not at the head' : reasonAgainstText(text, limits.file)
        if (why !== null || text === null) notes.push(`${path}: ${why ?? 'not at the head'}`)
        else found.set(path, text)
      } catch (error) {
        if (ctx.signal.aborted) throw error
        unread.push(`file ${path}`)
        ctx.log.warn('could not read a changed file; reviewing without', { path, error: String(error) })
      }
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, work))
  const files = wanted.flatMap(({ file: path }) => {
    const text = found.get(path)
    return text === undefined ? [] : [{ path, text }]
  })
  return { files, notes: notes.toSorted(), unread: unread.toSorted() }
}

function reasonAgainst(file: DiffFile): string | null {
  if (file.link) return 'a symbolic link or submodule'
  if (file.status === 'removed') return 'deleted'
  return file.binary || NO_TEXT.test(file.file) ? 'no text' : null
}

function reasonAgainstText(text: string, maxBytes: number): string | null {
  // What is no UTF-8 was decoded to replacement characters.
  if (text.includes('\u0000') || text.includes('\ufffd')) return 'no text'
  return Buffer.byteLength(text) > maxBytes ? `larger than ${maxBytes} bytes` : null
}
