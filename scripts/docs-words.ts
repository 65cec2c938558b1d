// The form of the generated pages, and their words that stand in no source file: how each begins, and what the reasons of runs mean.

const oneLine = (text: string) => text.replace(/\s+/g, ' ').trim()
export const code = (text: string) => `\`${oneLine(text)}\``
export const paragraphs = (...parts: readonly string[]) => parts.filter((part) => part !== '').join('\n\n')
/** The first column is code; without rows nothing. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = rows.map(([first = '', ...rest]) => [code(first), ...rest.map(oneLine)])
  const lines = [
    head,
    head.map(() => '---'),
    ...cells.map((row) => row.map((cell) => cell.replaceAll('|', '\\|'))),
  ]
  return rows.length === 0 ? '' : lines.map((row) => `| ${row.join(' | ')} |`).join('\n')
}
export const page = (intro: string, from: string, ...parts: readonly string[]) =>
  `${paragraphs(intro, `<!-- Written by \`npm run docs\` from ${from}: change it there. -->`, ...parts)}\n`

export const INTRO = {
  sdk: `# The SDK: \`@hookyard/sdk\`

What a module imports. A handler is one file with \`export default defineModule({ … })\`; it is given one argument, \`ctx\`, and returns an outcome. Nothing has to be installed: the import resolves from any folder.
What the folder of a module holds: [module-manifest.md](module-manifest.md). Longer examples: [asking.md](asking.md), [commands.md](commands.md), [schedules.md](schedules.md), [agent.md](agent.md).`,
  configuration: `# Reference: every key of \`hookyard.yaml\`

The keys in their order in the schema. How values are read, examples, and what the settings mean together: [configuration.md](configuration.md). Durations are \`30s\`, \`5m\`, \`2h\`, \`7d\` or a number of seconds; \`NAME\` stands for a name of your choice, \`[]\` for each entry of a list. An editor completes the file with \`schema/hookyard.schema.json\`.`,
  manifest: `# Reference: every key of \`module.yaml\`

How the parts work together, with examples: [module-manifest.md](module-manifest.md). Durations are \`30s\`, \`5m\`, \`2h\`, \`7d\` or a number of seconds; \`[]\` stands for each entry of a list. An editor completes the file with \`schema/module.schema.json\`.`,
  errors: `# Reference: errors and reasons

What the codes of the HTTP API, the reasons of decisions and runs, and the exit codes mean. \`hookyard why TARGET\` says for one event which of them it was.`,
  http: `## HTTP

A refusal is \`{"error": "a sentence", "code": "snake_case"}\`. A request that comes too slowly is \`invalid_input\` with the status 408. With 429 and 503 \`Retry-After\` says how long to wait.`,
  decisions: `## Decisions

A decision is \`ran\`, \`coalesced\`, \`skipped\`, \`notified\` or \`no_message\`; most name a reason. \`filtered:FILTER\` names the filter of the manifest's \`when\` that did not hold, \`error:…\` what went wrong while deciding.`,
  runs: `## Runs

The \`reason\` of a run that is \`failed\`, \`skipped\` or \`cancelled\`. A module may give its own with \`failed(summary, { reason })\`, \`skipped(reason)\` and \`PermanentError\`. A run that somebody cancels has \`by:USER\`, one that \`cancel_on\` ends \`cancel_on:ACTION\`.`,
  exits: `## Exit codes of the command line

| code | means |
| --- | --- |
| 0 | done |
| 1 | it failed, and the message says why |
| 2 | wrong usage |

With \`--json\` a failure is \`{"error": "a sentence", "code": "snake_case"}\` on stdout: the codes above, and of the command line itself \`wrong_usage\`, \`invalid_config\` (with \`problems\`) and \`failed\`.`,
  cli: `# Reference: every command

What \`hookyard COMMAND --help\` says. Worked examples, and how a command finds its server: [cli.md](cli.md). Exit codes: [reference-errors.md](reference-errors.md#exit-codes-of-the-command-line).`,
} as const

/** Of docs/sdk.md, in order; what is declared elsewhere is a helper. */
export const SDK_SECTIONS: readonly {
  readonly title: string
  readonly files: readonly string[]
  readonly text: string
  /** Of its exports. */
  readonly first?: readonly string[]
}[] = [
  {
    title: 'A module',
    files: ['define-module.ts'],
    text: "```ts\nimport { defineModule, done, skipped } from '@hookyard/sdk'\n\nexport default defineModule({\n  subject: 'pull_request',\n  async handle({ pr, log, signal }) {\n    if (pr.draft) return skipped('a draft')\n    const files = await pr.files()\n    log.info('read', { files: files.length })\n    signal.throwIfAborted()\n    await pr.comment('size', `This changes ${files.length} files.`)\n    return done(`Told the size of #${pr.number}`)\n  },\n})\n```",
  },
  {
    title: 'The context',
    files: ['context.ts'],
    first: ['ModuleContext', 'Trigger'],
    text: 'Whatever leaves the process of a module goes through the service, which holds the credentials. A call that is not allowed throws a `PermanentError`, whose `reason` is in [reference-errors.md](reference-errors.md#runs).',
  },
  {
    title: 'Pull request, issue and repository',
    files: ['subject.ts'],
    first: ['PullRequest', 'Issue', 'Repository'],
    text: "`ctx.pr`, `ctx.issue` and `ctx.repo` are loaded from GitHub when the run starts, not taken from the payload. Fields have the names of GitHub's REST API. Writes take a key: used again under the same key, in a retry or a later run, they update what is there. If the head of a pull request has moved, the first write ends the run as `skipped: superseded`.",
  },
  {
    title: 'Outcomes',
    files: ['outcome.ts'],
    first: ['done', 'failed', 'skipped', 'paused'],
    text: "What a handler returns. What it throws is tried again by the manifest's `retries`, except for a `PermanentError`.",
  },
  {
    title: 'Errors',
    files: ['errors.ts'],
    text: 'What a handler may throw, and how to read what a call threw.',
  },
  { title: 'Helpers', files: [], text: 'For texts, diffs, paths and the settings of a repository.' },
  {
    title: 'Testing',
    files: ['testing.ts'],
    first: ['runModule', 'RunModuleOptions', 'RunModuleResult'],
    text: "From `@hookyard/sdk/testing`. `runModule` runs a handler in this process: nothing is sent, every effect is captured.\n\n```ts\nimport { defineModule, done } from '@hookyard/sdk'\nimport { runModule } from '@hookyard/sdk/testing'\nimport { expect, test } from 'vitest'\n\nconst module = defineModule({ subject: 'issue', handle: ({ issue }) => done(issue.title) })\ntest('an issue is answered by its title', async () => {\n  const payload = { issue: { number: 1, title: 'It crashes' } }\n  const { outcome } = await runModule(module, { event: 'issues.opened', payload })\n  expect(outcome).toEqual({ status: 'done', summary: 'It crashes' })\n})\n```",
  },
]

/** Why a run ended; a check holds this to the reasons that the code gives. */
export const RUN_REASONS: Readonly<Record<string, string>> = {
  declared: 'the handler said so, without a reason of its own',
  exhausted: 'the last of its `retries` failed',
  permanent: 'the handler threw a `PermanentError` without a reason of its own',
  timeout: 'it took longer than `timeout`',
  superseded: 'the head of the pull request moved before it wrote; a newer run has the new head',
  replaced: '`concurrency: cancel_running`: a newer run of the entity took its place',
  module_disabled: 'the module was switched off while it waited',
  'filtered:paths': 'the changed files, which were not known before, match no `paths`',
  expired: 'its question was not answered in time, and has no default',
  too_many_questions: 'it asked 50 questions',
  budget: 'a cap of `budgets` is reached; nobody was asked beyond it',
  invalid_outcome: 'the handler returned no outcome, or one that cannot be stored',
  over_limit: 'it said more than a run may; the message names the limit',
  load_failed: 'the handler cannot be imported, or has no `handle`',
  unknown_module: 'the module is no longer installed; or `ctx.invoke` names none that is',
  invalid_config: "the module's configuration does not fit the schema in its handler",
  invalid_input: 'the input, or a question to the agent, does not fit its schema',
  unreadable: 'the stored run cannot be read',
  once_interrupted: 'a `ctx.once` was interrupted in an earlier attempt; whether it took effect is not known',
  run_over: 'a call came after the outcome',
  too_many_calls: 'too many calls were under way at once',
  unknown_call: 'the SDK asked for what this service does not have: their versions differ',
  invalid_argument: "a call's arguments do not fit",
  missing_grant:
    "the manifest's `may` or `needs` lacks it, or `modules.NAME.allow` does; the message says which",
  wrong_subject: 'it is about something else than the run; or the run has no such subject',
  not_text: 'a field that is published holds no text',
  redirected: '`ctx.fetch`: a redirect that is not followed',
  too_large: 'an answer is larger than what is taken',
  invoke_failed: '`ctx.invoke` could not start the run',
  invoke_disabled: '`ctx.invoke`: the module says `invoke: false`',
  invoke_depth: '`ctx.invoke`: modules have called each other too often in a row',
  github_credentials_missing: 'there is no `github.token` and no `github.app`',
  github_unauthorized: 'GitHub does not take the token or the key',
  github_forbidden:
    'GitHub does not let the token or the App do this; the message says which permission lacks',
  github_not_found: 'it does not exist, or the token may not see it',
  github_gone: 'it was deleted, or the feature is off in the repository',
  github_moved: 'the repository was renamed or the issue transferred',
  github_invalid: 'GitHub found the request invalid',
  github_refused: 'GitHub refused for another reason, which the message has',
  github_limited: "GitHub's rate limit was reached until the retries were spent",
  github_unavailable: 'GitHub did not answer until the retries were spent',
  agent_missing: 'the program `agent.command` is not there',
  agent_unavailable: 'the back-end takes no questions: no key, not logged in, no credit, or out of reach',
  agent_rate_limited: 'the vendor asked to wait until the retries were spent',
  agent_timeout: 'no answer within `agent.timeout`',
  agent_failed: 'the vendor is down, or refuses the question or the model',
  agent_malformed: 'no answer in the asked form, also after it was asked to correct it',
}
