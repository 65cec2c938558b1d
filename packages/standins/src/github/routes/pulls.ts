// Reads of a pull request: its facts, diff, files and commits.
import type { Reply } from '../../http.ts'
import { parseDiff } from '../diff.ts'
import { Refusal } from '../refusal.ts'
import { commit, diffEntry } from '../render/repository.ts'
import { pullRequest, pullRequestSimple } from '../render/thread.ts'
import type { PullState, ThreadState } from '../state.ts'
import { json, page, pullOf, repositoryOf } from './call.ts'
import type { Call, Routes } from './call.ts'

/** GitHub renders no larger diff. */
const MOST_DIFF_LINES = 20_000
/** GitHub lists no more files of one pull request. */
const MOST_FILES = 3_000

/** By operation id. */
export const pullRoutes: Routes = {
  'pulls/list': listPulls,
  'pulls/get': getPull,
  'pulls/list-files': (call) => {
    const { pull } = pullOf(call)
    const repository = repositoryOf(call)
    const files = parseDiff(pull.diff).slice(0, MOST_FILES)
    return page(call, files, (file) => diffEntry(call.links, repository, pull.head.sha, file))
  },
  'pulls/list-commits': (call) => {
    const repository = repositoryOf(call)
    return page(call, pullOf(call).pull.commits, (state) => commit(call.links, repository, state))
  },
}

function listPulls(call: Call): Reply {
  const repository = repositoryOf(call)
  const [state, head, base] = [
    call.query.get('state') ?? 'open',
    call.query.get('head'),
    call.query.get('base'),
  ]
  const sort = call.query.get('sort') === 'updated' ? 'updatedAt' : 'createdAt'
  const descending = call.query.get('direction') !== 'asc'
  const threads = [...repository.threads.values()]
    .filter((thread): thread is ThreadState & { readonly pull: PullState } => thread.pull !== null)
    .filter((thread) => state === 'all' || thread.state === state)
    .filter(({ pull }) => head === null || `${pull.head.owner.login}:${pull.head.ref}` === head)
    .filter(({ pull }) => base === null || pull.base.ref === base)
    .sort((a, b) => a[sort].localeCompare(b[sort]) || a.number - b.number)
  const ordered = descending ? threads.toReversed() : threads
  return page(call, ordered, (thread) => pullRequestSimple(call.links, call.world, repository, thread))
}

function getPull(call: Call): Reply {
  const thread = pullOf(call)
  const media = /application\/vnd\.github\.(?:v3\.)?(diff|patch)/.exec(call.accept)?.[1]
  if (media === undefined) return json(200, pullRequest(call.links, call.world, repositoryOf(call), thread))
  const { diff, commits } = thread.pull
  if (diff.split('\n').length > MOST_DIFF_LINES) {
    throw new Refusal(406, `Sorry, the diff exceeded the maximum number of lines (${MOST_DIFF_LINES})`, [
      { resource: 'PullRequest', field: 'diff', code: 'too_large' },
    ])
  }
  const first = commits[0]
  const header = `From ${first?.sha ?? thread.pull.head.sha} Mon Sep 17 00:00:00 2001\nSubject: [PATCH] ${thread.title}\n\n---\n`
  return {
    status: 200,
    headers: { 'content-type': `application/vnd.github.${media}; charset=utf-8` },
    body: media === 'patch' ? `${header}${diff}` : diff,
  }
}
