#!/usr/bin/env node
// The `hookyard` command. Plain JavaScript, so that an old Node can read it: completes the set-up of a
// checkout, then runs the command line, on a newer Node when this one is too old.
import { existsSync } from 'node:fs'
import module from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { compileCache, ensureInstalled, handOver, modernNode, root } from './bootstrap.js'

// Without a listener this signal opens Node's debugger, to whoever may signal this process: a module behind Node's
// permission model may. `--disable-sigusr1` says the same where this starts a Node; here one runs already.
if (process.platform !== 'win32') process.on('SIGUSR1', () => undefined)

ensureInstalled()
const built = join(root, 'dist', 'src', 'cli', 'index.js')
const entry = existsSync(join(root, 'src', 'cli', 'index.ts')) ? join(root, 'src', 'cli', 'index.ts') : built

if (modernNode() === process.execPath) {
  module.enableCompileCache(process.env.NODE_COMPILE_CACHE ?? compileCache)
  await import(pathToFileURL(entry).href)
} else handOver(entry, process.argv.slice(2))
