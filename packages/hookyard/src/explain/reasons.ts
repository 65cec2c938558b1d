// The reasons of decisions and runs, as sentences for people. The words themselves are the contract's.
import type { Decision } from '../store/store.ts'

const SENTENCES: Readonly<Record<string, (decision: Decision) => string>> = {
  module_disabled: ({ module }) => `the module ${module} is switched off`,
  feature_disabled: ({ user, module }) => `${user} has the feature flag of ${module} off`,
  not_authorized: () =>
    'the repository is neither in the `repos` of a user with the flag nor in the top-level `repos`; or, of a command, its author has no write access there',
  no_subject: ({ module }) => `the payload names nothing that ${module} could be about`,
  cooldown: () => 'an earlier run opened a cooldown window that is still open, and the trigger says skip',
  joined_waiting_run: () => 'a run of this entity waits already; it takes this newer delivery',
  window_open: () => 'a cooldown window is open; one run starts at its end, with the newest delivery',
  debounced: () => 'the run waits until the entity has been quiet',
  nothing_to_say: () => 'no module took it, and there is no message for this event and action',
  own: () => 'this service wrote it itself: its own words start nothing and are told to nobody',
  command: () => 'the comment held a command, so it is told as what comes of it',
  permission_unknown: () => 'GitHub did not tell whether the author of the command has write access',
  assumed_write_access: ({ module }) =>
    `${module} would be given a run, if GitHub says that the author of the command has write access`,
  paths_unknown: ({ module, outcome }) =>
    outcome === 'skipped'
      ? `GitHub did not tell which files the pull request changes, and ${module} wants only some`
      : `GitHub did not tell which files the pull request changes: the run of ${module} asks again when it starts`,
  assumed_paths: ({ module }) =>
    `${module} would be given a run, if the pull request changes files of its \`paths\``,
  muted: ({ user }) => `${user} muted this, or its repository, by chat`,
  repo_removed: ({ user }) => `nobody hears of this repository, and ${user} removed it by chat`,
  not_readable: ({ user }) =>
    `${user} added this repository by chat, it lies outside their \`repos\`, and GitHub says that their login may not read it`,
  no_login: ({ user }) =>
    `${user} added this repository by chat, it lies outside their \`repos\`, and the configuration names no \`github\` login of theirs that GitHub could be asked about`,
  readable_unknown: ({ user }) =>
    `${user} added this repository by chat, it lies outside their \`repos\`, and GitHub did not tell whether their login may read it (it tells only whom it lets write there; the log says more)`,
  not_mine: ({ user }) => `${user} hears only what concerns them, and this does not`,
}

/** `alice · pr-review · skipped: cooldown` */
export const decisionLine = ({
  user,
  module,
  outcome,
  reason,
}: Pick<Decision, 'user' | 'module' | 'reason'> & { readonly outcome: string }): string =>
  `${user} · ${module ?? 'message'} · ${outcome}${reason ? `: ${reason}` : ''}`

/** Why a decision came out as it did, in a sentence; the bare outcome where that says all. */
export function explainDecision(decision: Decision): string {
  const { outcome, reason, module } = decision
  if (reason === null) {
    if (outcome === 'ran') return `${module} was given a run`
    if (outcome === 'notified') return 'no module took it for this user: the formatted message was queued'
    return outcome
  }
  if (reason.startsWith('filtered:'))
    return `the manifest's \`when\` filter \`${reason.slice(9)}\` does not hold`
  if (reason.startsWith('error:')) return `deciding failed: ${reason.slice(6)}`
  return SENTENCES[reason]?.(decision) ?? reason
}
