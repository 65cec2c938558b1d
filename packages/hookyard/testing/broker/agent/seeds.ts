// Changes with known findings: files before and after, written down in `seeds/*.txt`, turned into diffs by git.
//   ##### name of the change        === path        --- before        +++ after
// A line that ends with `«kind»` is one that a reviewer would point at; the mark is no part of the file. With
// `«kind?»` the rules are known not to see it.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fakeCharacters, fakeSecret } from './fake-secret.ts'

export interface Seed {
  readonly name: string
  readonly diff: string
  /** `path:line kind` */
  readonly expected: readonly string[]
  /** As `expected`, beyond what the rules see. */
  readonly beyond: readonly string[]
}

const folder = join(import.meta.dirname, 'seeds')

/** All seeds. Runs git in a folder of its own, which is removed. */
export function loadSeeds(): Seed[] {
  const work = mkdtempSync(join(tmpdir(), 'hookyard-seeds-'))
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', '-c', 'core.autocrlf=false', ...args], {
      cwd: work,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  try {
    const seeds = readdirSync(folder)
      .sort()
      .flatMap((file) => readSeeds(readFileSync(join(folder, file), 'utf8')))
    const write = (which: 'before' | 'after') => {
      for (const [index, seed] of seeds.entries()) {
        for (const file of seed.files) {
          const path = join(work, String(index), file.path)
          mkdirSync(dirname(path), { recursive: true })
          writeFileSync(path, file[which])
        }
      }
    }
    git('init', '-q')
    write('before')
    git('add', '-A')
    git('commit', '-q', '-m', 'before')
    write('after')
    return seeds.map(({ name, files }, index) => ({
      name,
      diff: git('diff', '--no-color', '--no-ext-diff', `--relative=${index}/`, 'HEAD'),
      expected: files.flatMap(({ expected }) => expected),
      beyond: files.flatMap(({ beyond }) => beyond),
    }))
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

interface SeedFile {
  readonly path: string
  readonly before: string
  readonly after: string
  readonly expected: readonly string[]
  readonly beyond: readonly string[]
}

function readSeeds(text: string): { name: string; files: SeedFile[] }[] {
  return text
    .split(/^##### /m)
    .slice(1)
    .map((section) => {
      const [head = '', ...parts] = section.split(/^=== /m)
      return { name: head.trim(), files: parts.map(readFile) }
    })
}

function readFile(part: string): SeedFile {
  const match = /^(.+)\n--- before\n([\s\S]*?)\+\+\+ after\n([\s\S]*)$/.exec(part)
  if (!match) throw new Error(`a seed is malformed: ${part.slice(0, 80)}`)
  const [, path = '', before = '', after = ''] = match
  const expected: string[] = []
  const beyond: string[] = []
  const lines = withSecrets(after.trimEnd())
    .split('\n')
    .map((line, index) => {
      const mark = / ?«(\w+)(\??)»$/.exec(line)
      if (mark === null) return line
      const marked = mark[2] === '?' ? beyond : expected
      marked.push(`${path}:${index + 1} ${mark[1]}`)
      return line.slice(0, mark.index)
    })
  return {
    path,
    before: before.trim() === '' ? '' : withSecrets(before),
    after: `${lines.join('\n')}\n`,
    expected,
    beyond,
  }
}

/** `{{github:3}}`: a token of that kind, made from the seed 3; a private key's mark stays on its first line. */
function withSecrets(text: string): string {
  return text.replace(
    /\{\{([a-zA-Z]+)(\d*):(\d+)\}\}( ?«\w+»)?/g,
    (_all, kind: string, length: string, seed: string, mark = '') => {
      const n = Number(seed)
      if (kind === 'privateKey') return fakeSecret.privateKey(n).join('\n').replace('\n', `${mark}\n`)
      if (kind === 'hex') return `${fakeSecret.hex(Number(length), n)}${mark}`
      if (kind === 'base') return `${fakeCharacters(Number(length), n)}${mark}`
      const make = (fakeSecret as unknown as Record<string, (seed: number) => string>)[kind]
      if (!make) throw new Error(`there is no fake secret of the kind ${kind}`)
      return `${make(n)}${mark}`
    },
  )
}
