// What the project itself says that a change should be like: conventions and the spec. Always from the base branch, so
// that a pull request cannot rewrite the rules that it is judged by.
import type { ContextOf } from '@hookyard/sdk'

export interface NamedText {
  readonly path: string
  readonly text: string
}

const CONVENTION_FILES = ['AGENTS.md', 'CLAUDE.md', 'CONTRIBUTING.md']

/** Those of the files that there are, each text once (one is often a link to another). */
export async function readConventions({ repo, pr }: ContextOf<'pull_request'>): Promise<NamedText[]> {
  const read = async (path: string): Promise<NamedText> => ({
    path,
    text: (await repo.file(path, pr.base.ref)) ?? '',
  })
  const found = await Promise.all(CONVENTION_FILES.map(read))
  return found.filter(
    ({ text }, index) => text.trim() !== '' && found.findIndex((other) => other.text === text) === index,
  )
}

/** By a line `spec: PATH` in the description, else by the name of the branch; null when there is none. */
export async function readSpec(
  { repo, pr }: ContextOf<'pull_request'>,
  folder: string,
): Promise<NamedText | null> {
  const path = specPath(pr.body ?? '') ?? (await findSpec(repo, pr, folder))
  const text = path === null ? null : await repo.file(path, pr.base.ref)
  return path === null || text === null || text.trim() === '' ? null : { path, text }
}

/** The path of the line, when it stays inside the repository. */
export function specPath(body: string): string | null {
  const path = /^[ \t]*spec:[ \t]*`?([^\s`]{1,300})`?[ \t]*\r?$/im.exec(body)?.[1]?.replace(/^\.?\/+/, '')
  if (path === undefined || path === '' || path.includes('\\') || path.includes('://')) return null
  return path.split('/').some((part) => part === '.' || part === '..') ? null : path
}

/** `feature/login-form` -> the first of `specs/*login-form*.md`. */
async function findSpec(
  repo: ContextOf<'pull_request'>['repo'],
  pr: ContextOf<'pull_request'>['pr'],
  folder: string,
): Promise<string | null> {
  const name = pr.head.ref.replace(/^[^/]*\//, '').toLowerCase()
  if (name.length < 3 || name.includes('/')) return null
  const entries = (await repo.list(folder, pr.base.ref)) ?? []
  const fitting = entries.filter(
    (entry) =>
      entry.type === 'file' &&
      entry.name.toLowerCase().endsWith('.md') &&
      entry.name.toLowerCase().includes(name),
  )
  return fitting.map(({ path }) => path).toSorted()[0] ?? null
}
