// Which person on Telegram is which user.
import { expect, test } from 'vitest'
import { config, user } from '../../../../test/builders.ts'
import type { Claim } from '../store/store.ts'
import { createAccess } from './access.ts'

const claim = (name: string, telegramId: number, chatId: number | null = telegramId): Claim => ({
  user: name,
  telegramId,
  chatId,
  claimedAt: 0,
})
const users = [
  user('root', { role: 'admin', chatId: 1, address: 'telegram:1' }),
  user('named', { telegramId: 20, chatId: 21, address: 'telegram:21' }),
  user('claimed', { address: null }),
  user('private', { chatId: 41, address: 'slack:https://x' }),
  user('group', { chatId: -50, address: 'telegram:-50' }),
]
const people = (...claims: Claim[]) =>
  createAccess(config({ users }), { settings: [], featureFlags: [], claims })

test.each<[number, string | undefined]>([
  [1, 'root'],
  [20, 'named'],
  // The operator said who it is: the private chat's person is another.
  [21, undefined],
  [30, 'claimed'],
  [41, 'private'],
  [-50, undefined],
  [50, undefined],
  [0, undefined],
])('%d is %s', (id, name) => {
  expect(people(claim('claimed', 30), claim('gone', 60)).person(id)?.name).toBe(name)
})

test('what the operator wrote goes before what was claimed', () => {
  const of = people(claim('named', 99), claim('claimed', 20), claim('group', 41), claim('private', 40))
  expect([99, 20, 41, 40].map((id) => of.person(id)?.name)).toEqual([
    undefined,
    'named',
    'private',
    'private',
  ])
  expect(of.user('named')).toMatchObject({ telegramId: 20, chatId: 21 })
})

test('a claim in a private chat brings the messages there, where the configuration says nothing else', () => {
  const of = people(claim('claimed', 30), claim('private', 40), claim('group', 51, null))
  expect(of.user('claimed')).toMatchObject({ telegramId: 30, chatId: 30, address: 'telegram:30' })
  expect(of.user('private')).toMatchObject({ telegramId: 40, chatId: 41, address: 'slack:https://x' })
  expect(of.user('group')).toMatchObject({ telegramId: 51, chatId: -50, address: 'telegram:-50' })
  expect(of.ownerOf(30)?.name).toBe('claimed')
  expect(people().user('claimed')).toMatchObject({ telegramId: null, chatId: null, address: null })
})
