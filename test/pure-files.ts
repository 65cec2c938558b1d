// Which test files may share a process: those that import, however far down, nothing that starts a thread or a process
// or opens a database, and change nothing that is global. A process of its own costs a file a third of a second.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

const STARTS = /^(?:node:(?:worker_threads|child_process)|better-sqlite3)$/
const CHANGES = /\bvi\.(?:mock|hoisted|stub|useFake)|\bprocess\.(?:env\[|chdir)|\bglobalThis\.\w+ =/
const WORKSPACES = ['packages/sdk', 'packages/standins']

/** Test files by whether they may, as paths from the root. */
export function testFiles(root: string, include: readonly string[]): { pure: string[]; others: string[] } {
  const exported = packageFiles(root)
  const imports = new Map<string, string[]>()
  const importsOf = (file: string) => {
    const known = imports.get(file)
    if (known) return known
    const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
    const found = [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, name = '']) => name)
    imports.set(file, found)
    return found
  }
  const isPure = (test: string) => {
    const file = join(root, test)
    if (CHANGES.test(readFileSync(file, 'utf8'))) return false
    const reached = new Set([file])
    for (const one of reached) {
      for (const name of importsOf(one)) {
        if (STARTS.test(name)) return false
        const target = name.startsWith('.') ? resolve(dirname(one), name) : exported.get(name)
        if (target?.endsWith('.ts')) reached.add(target)
      }
    }
    return true
  }
  const pure: string[] = []
  const others: string[] = []
  for (const test of globSync(include, { cwd: root, exclude: (name) => name === 'node_modules' }))
    (isPure(test) ? pure : others).push(test)
  return { pure, others }
}

/** The files that packages of this workspace export, by the names under which they are imported. */
function packageFiles(root: string): Map<string, string> {
  return new Map(
    WORKSPACES.flatMap((folder) => {
      const { name, exports } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as {
        name: string
        exports: Record<string, string | Record<string, string>>
      }
      return Object.entries(exports).map(([path, target]): [string, string] => [
        name + path.slice(1),
        join(root, folder, typeof target === 'string' ? target : (Object.values(target)[0] ?? '')),
      ])
    }),
  )
}
