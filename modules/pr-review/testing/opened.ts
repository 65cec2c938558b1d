// A pull request that was opened with two things to find, and its review.
import { runModule, type RunModuleOptions } from '@hookyard/sdk/testing'
import module from '../handler.ts'

export const sha = 'ec26c3e57ca3a959ca5aad62de7213c562f8c821'

export const payload = (more: object = {}) => ({
  action: 'opened',
  repository: { full_name: 'octocat/hello-world', html_url: 'https://github.com/octocat/hello-world' },
  pull_request: {
    ...{ number: 42, title: 'Add search', body: 'See https://docs.example.com/search', state: 'open' },
    html_url: 'https://github.com/octocat/hello-world/pull/42',
    user: { login: 'alice', type: 'User' },
    head: { ref: 'search', sha, repo: null },
    base: { ref: 'main', sha: 'b'.repeat(40), repo: { full_name: 'octocat/Hello-World' } },
    requested_reviewers: [{ login: 'bob' }],
    ...more,
  },
})

export const diff =
  'diff --git a/src/search.ts b/src/search.ts\n--- a/src/search.ts\n+++ b/src/search.ts\n' +
  '@@ -1,2 +1,3 @@\n import x\n+const found = eval(query)\n+return found[0].name\n-old\n'

export const finding = {
  ...{ file: 'src/search.ts', line: 2, severity: 'critical', title: 'Runs the query as code' },
  ...{ why: 'Whoever searches runs code.', fix: 'Use `JSON.parse`.' },
}
export const second = {
  ...finding,
  ...{ line: 3, severity: 'warning', title: 'Empty list', why: 'Throws.', fix: 'Check it.' },
}

export const run = (options: RunModuleOptions = {}) =>
  runModule(module, {
    event: 'pull_request.opened',
    payload: payload(),
    agent: { output: { summary: 'Adds a search.', findings: [second, finding] } },
    ...options,
    github: { diff, ...options.github },
  })
