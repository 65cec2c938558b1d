#!/usr/bin/env node
// The `hookyard` command of a checkout: completes the set-up, then runs the package's own.
import { ensureInstalled } from './bootstrap.js'

ensureInstalled()
await import('../packages/hookyard/bin/hookyard.js')
