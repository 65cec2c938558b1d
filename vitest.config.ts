import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { testFiles } from './test/pure-files.ts'

const { pure, others } = testFiles(import.meta.dirname, [
  'packages/*/src/**/*.test.ts',
  'modules/**/*.test.ts',
  'test/**/*.test.ts',
  'bench/**/*.test.ts',
])

export default defineConfig({
  test: {
    // Real processes, real HTTP and a real database: generous, because a slow machine is no failure.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // Most of them wait for processes: on two cores Vitest would take one worker.
    maxWorkers: Math.max(4, availableParallelism() - 1),
    globalSetup: ['test/temporary-folder.ts'],
    // On a build machine a test may meet a stall that no test of ours makes; one that fails twice is broken.
    retry: process.env['CI'] ? 1 : 0,
    projects: [
      { extends: true, test: { name: 'pure', include: pure, isolate: false } },
      { extends: true, test: { name: 'processes', include: others } },
    ],
  },
})
