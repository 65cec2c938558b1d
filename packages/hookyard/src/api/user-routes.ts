// Users: who each is on Telegram, and codes by which a person shows it.
import { z } from 'zod'
import { hintFor } from '../config/hints.ts'
import { UserError } from '../lib/errors.ts'
import type { Principal } from '../receive/auth.ts'
import type { ApiDeps } from './deps.ts'
import { operation, requireAdminOfAll } from './operation.ts'
import { isoTime, named, time } from './shapes.ts'

const UserName = z.object({ name: z.string().describe('The user’s name') })

const User = named('User', {
  name: z.string(),
  role: z.enum(['admin', 'member']),
  telegram_id: z.int().nullable().describe('The person on Telegram who is this user in groups'),
  telegram_id_source: z
    .enum(['config', 'claim'])
    .nullable()
    .describe('Who says so: the configuration, or the person, by a code'),
})

const UserList = named('UserList', { users: z.array(User) })

export const Invited = named('Invite', {
  code: z.string().describe('For `/start CODE` to the bot; used once'),
  user: z.string(),
  expires_at: time(),
})

export const Revoked = named('Revoked', {
  user: z.string(),
  revoked: z.boolean().describe('false: there was nothing to take back'),
})

const refusals = ['insufficient_scope', 'not_authorized'] as const
const ofOne = ['storage_unavailable', ...refusals] as const

const listUsers = ({ config, access }: ApiDeps) =>
  operation('listUsers', 'GET /api/users', {
    summary: 'List the users, and who they are on Telegram',
    description: 'In the order of the configuration. For an admin’s token with the scope `*`.',
    scope: 'token',
    answers: { 200: { description: 'All users', schema: UserList } },
    refusals,
    async run({ principal }) {
      requireAdminOfAll(principal, 'who is who is for admins')
      const users = config().users.map(({ name, role, telegramId: configured }): z.output<typeof User> => {
        const telegram_id = access().user(name)?.telegramId ?? null
        const source = configured !== null ? 'config' : telegram_id === null ? null : 'claim'
        return { name, role, telegram_id, telegram_id_source: source }
      })
      return { status: 200, body: { users } }
    },
  })

const inviteUser = (deps: ApiDeps) =>
  operation('inviteUser', 'POST /api/users/{name}/invite', {
    summary: 'Make a code for `/start CODE`',
    description:
      'Whoever sends it to the bot is this user from then on, in groups too. It counts once, for ten minutes, and takes the place of an earlier one. For an admin’s token with the scope `*`.',
    scope: 'token',
    params: UserName,
    answers: { 200: { description: 'The code', schema: Invited } },
    refusals: ofOne,
    async run({ principal, params }) {
      const name = invitable(deps, principal, params.name)
      const { code, expiresAt } = await deps.invite(name)
      deps.log.info({ user: name, token: principal.name }, 'a user was invited')
      return { status: 200, body: { code, user: name, expires_at: isoTime(expiresAt) } }
    },
  })

const revokeUser = (deps: ApiDeps) =>
  operation('revokeUser', 'POST /api/users/{name}/revoke', {
    summary: 'Take a claim back',
    description:
      'The person who claimed to be this user is nobody any more, and an open code counts no more. What the configuration says stays. For an admin’s token with the scope `*`.',
    scope: 'token',
    params: UserName,
    answers: { 200: { description: 'It is taken back', schema: Revoked } },
    refusals: ofOne,
    async run({ principal, params }) {
      const name = invitable(deps, principal, params.name)
      const revoked = await deps.revoke(name)
      deps.log.info({ user: name, revoked, token: principal.name }, 'a claim was taken back')
      return { status: 200, body: { user: name, revoked } }
    },
  })

/** @throws UserError insufficient_scope, not_authorized; not_found with the name that was probably meant */
function invitable({ config }: ApiDeps, principal: Principal, name: string): string {
  requireAdminOfAll(principal, 'who is who is for admins')
  const names = config().users.map((user) => user.name)
  if (names.includes(name)) return name
  const hint = hintFor(name, names)
  const shown = JSON.stringify(name.slice(0, 64))
  throw new UserError('not_found', `there is no user ${shown} in the configuration${hint ? `; ${hint}` : ''}`)
}

export const userOperations = [listUsers, inviteUser, revokeUser]
