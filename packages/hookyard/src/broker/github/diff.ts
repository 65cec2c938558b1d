// A unified diff from the patches of the single files, for when GitHub finds the whole one too large.
import type { ChangedFile } from '@hookyard/sdk/host'

/** As git would write it; a file without a patch (binary, or too large itself) has its head alone and says so. */
export function assembleDiff(files: readonly ChangedFile[]): string {
  return files.map(fileDiff).join('')
}

function fileDiff(file: ChangedFile): string {
  const before = quoted(`a/${file.previous_filename ?? file.filename}`)
  const after = quoted(`b/${file.filename}`)
  const lines = [`diff --git ${before} ${after}`, ...extendedHeader(file)]
  if (file.patch === undefined) {
    // A rename without changes has no patch either, and nothing is missing then.
    if (file.additions + file.deletions > 0 || file.status !== 'renamed')
      lines.push(`Binary files ${before} and ${after} differ`)
  } else {
    lines.push(`--- ${file.status === 'added' ? '/dev/null' : before}`)
    lines.push(`+++ ${file.status === 'removed' ? '/dev/null' : after}`)
    lines.push(file.patch)
  }
  return `${lines.join('\n')}\n`
}

// GitHub's list does not tell the mode; a plain file is the usual one.
function extendedHeader(file: ChangedFile): string[] {
  switch (file.status) {
    case 'added':
      return ['new file mode 100644']
    case 'removed':
      return ['deleted file mode 100644']
    case 'renamed':
    case 'copied': {
      const word = file.status === 'renamed' ? 'rename' : 'copy'
      return [`${word} from ${quoted(file.previous_filename ?? '')}`, `${word} to ${quoted(file.filename)}`]
    }
    default:
      return []
  }
}

/** Git's C-style quoting: a name with a quote, a backslash, a control or a non-ASCII character. */
function quoted(path: string): string {
  if (/^[\x20-\x7e]*$/.test(path) && !/["\\]/.test(path)) return path
  const bytes = [...Buffer.from(path)].map((byte) => {
    if (byte === 0x22 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`
    return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`
  })
  return `"${bytes.join('')}"`
}
