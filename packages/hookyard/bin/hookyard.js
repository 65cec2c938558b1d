#!/usr/bin/env node
// The `hookyard` command. Plain JavaScript, so that an old Node can read it and hand over to a newer one.
import { existsSync } from 'node:fs'
import module from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { compileCache, handOver, modernNode, packageRoot } from './modern-node.js'

// Without a listener this signal opens Node's debugger, to whoever may signal this process: a module behind Node's
// permission model may. `--disable-sigusr1` says the same where this starts a Node; here one runs already.
if (process.platform !== 'win32') process.on('SIGUSR1', () => undefined)

const source = join(packageRoot, 'src', 'cli', 'index.ts')
const entry = existsSync(source) ? source : join(packageRoot, 'dist', 'cli', 'index.js')

if (modernNode() === process.execPath) {
  module.enableCompileCache(process.env.NODE_COMPILE_CACHE ?? compileCache)
  await import(pathToFileURL(entry).href)
} else handOver(entry, process.argv.slice(2))
