// Finds in a prompt what there is to work on: the diff, or the issue with the labels and issues around it.

export interface AddedLine {
  readonly file: string
  /** In the new version. */
  readonly line: number
  readonly text: string
}

export interface IssueText {
  readonly title: string
  readonly body: string
  readonly labels: readonly string[]
  readonly candidates: readonly { readonly number: number; readonly title: string }[]
}

/** The boxes of a prompt by name: `<<<BEGIN name token>>> … <<<END name token>>>`. Marks with another token are text. */
export function readBoxes(prompt: string): ReadonlyMap<string, string> {
  const boxes = new Map<string, string>()
  const pattern = /^<<<BEGIN (.+?) (\w+)>>>[^\n]*\n([\s\S]*?)\n<<<END \1 \2>>>$/gm
  for (const [, name = '', , text = ''] of prompt.matchAll(pattern)) boxes.set(name, text)
  return boxes
}

/** The lines that a diff anywhere in the prompt adds. */
export function addedLines(prompt: string): AddedLine[] {
  const added: AddedLine[] = []
  const diff = readBoxes(prompt).get('diff') ?? prompt
  let [file, line, inHunk] = ['', 0, false]
  for (const text of diff.split('\n')) {
    const hunk = /^@@ -\d+(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(text)
    if (text.startsWith('diff --git ')) inHunk = false
    else if (!inHunk && text.startsWith('+++ '))
      file = text
        .slice(4)
        .replace(/^"?b\//, '')
        .replace(/"?\t?$/, '')
    else if (hunk && file !== '') {
      inHunk = true
      line = Number(hunk[1])
    } else if (inHunk && text.startsWith('+')) added.push({ file, line: line++, text: text.slice(1) })
    else if (inHunk && (text.startsWith(' ') || text === '')) line += 1
    else if (inHunk && !/^[-\\]/.test(text)) inHunk = false
  }
  return added
}

/** Whether there is a diff to review. */
export const hasDiff = (prompt: string): boolean => /^diff --git /m.test(prompt)

/** The issue of a triage's prompt; a prompt without boxes is all body. */
export function readIssue(prompt: string): IssueText {
  const boxes = readBoxes(prompt)
  const lines = (name: string) => (boxes.get(name) ?? '').split('\n').filter((text) => text.trim() !== '')
  const found = lines('related issues').flatMap((text) => {
    const [, number, title = ''] = /^#(\d+)\s+(?:\(\w+\)\s+)?(.*?)(?:\s+\[[^\]]*\])?$/.exec(text) ?? []
    return number === undefined ? [] : [{ number: Number(number), title }]
  })
  return {
    title: boxes.get('title') ?? '',
    body: boxes.get('body') ?? (boxes.size === 0 ? prompt : ''),
    labels: lines('labels of the repository').map((text) => (text.split(':')[0] ?? text).trim()),
    candidates: found,
  }
}
