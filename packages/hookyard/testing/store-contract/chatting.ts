// What the chat relies on: an update has its whole effect once, and settings stay.
import { describe, expect, test } from 'vitest'
import type { ChatCommit, NewClaim, SettingChange } from '../../src/store/store.ts'
import { newMessage, type UseStore } from './builders.ts'

const DAY = 86_400_000

const commitOf = (updateId: number, more: Partial<ChatCommit> = {}): ChatCommit => ({
  bot: '42',
  updateId,
  changes: [],
  messages: [],
  at: 1_000,
  ...more,
})

const flag = (value: string | null): SettingChange => ({
  user: 'alice',
  kind: 'feature',
  key: 'pr_review',
  value,
})

const claimOf = (codeHash: string): NewClaim => ({ user: 'alice', telegramId: 7, chatId: 7, codeHash })

/** The contract of settings and updates. */
export function chattingContract(use: UseStore): void {
  describe('chats', () => {
    test('an update writes settings and messages once, and nothing when it comes again', async () => {
      const { chat, outbox } = use()
      const changes = [flag('on')]
      expect(await chat.isCommitted('42', 7)).toBe(false)
      expect(await chat.commit(commitOf(7, { changes, messages: [newMessage('a')] }))).toBe(true)
      expect(await chat.isCommitted('42', 7)).toBe(true)
      const again = commitOf(7, { changes: [flag('off')], messages: [newMessage('b')], at: 2_000 })
      expect(await chat.commit(again)).toBe(false)
      expect(await chat.settings()).toEqual([
        { user: 'alice', kind: 'feature', key: 'pr_review', value: 'on', changedAt: 1_000 },
      ])
      expect(await outbox.due(5_000, 10)).toHaveLength(1)
    })

    test('the same number of another bot is another update', async () => {
      const { chat } = use()
      expect(await chat.commit(commitOf(7))).toBe(true)
      expect(await chat.commit(commitOf(7, { bot: '43' }))).toBe(true)
    })

    test('a setting is replaced by a newer one, and null brings the configuration back', async () => {
      const { chat } = use()
      await chat.commit(commitOf(1, { changes: [flag('on')] }))
      await chat.commit(commitOf(2, { changes: [flag('off')], at: 2_000 }))
      expect(await chat.settings()).toMatchObject([{ value: 'off', changedAt: 2_000 }])
      await chat.commit(commitOf(3, { changes: [flag(null), flag(null)] }))
      expect(await chat.settings()).toEqual([])
    })

    test('settings come by user, kind and key', async () => {
      const { chat } = use()
      const changes: SettingChange[] = [
        { user: 'bob', kind: 'notify', key: '', value: 'telegram:-5' },
        { user: 'alice', kind: 'repo', key: 'o/s', value: 'added' },
        { user: 'alice', kind: 'repo', key: 'o/r', value: 'removed' },
        { user: 'alice', kind: 'mute', key: 'o/r#1', value: '99999999999999' },
      ]
      await chat.commit(commitOf(1, { changes }))
      expect((await chat.settings()).map(({ user, kind, key }) => `${user} ${kind} ${key}`)).toEqual([
        'alice mute o/r#1',
        'alice repo o/r',
        'alice repo o/s',
        'bob notify ',
      ])
    })

    test('the newest update is the one committed last, whatever its number', async () => {
      const { chat } = use()
      expect(await chat.lastUpdate('42')).toBeNull()
      await chat.commit(commitOf(900, { at: 1_000 }))
      await chat.commit(commitOf(5, { at: 2_000 }))
      expect(await chat.lastUpdate('42')).toEqual({ updateId: 5, at: 2_000 })
      await chat.commit(commitOf(6, { at: 2_000 }))
      expect(await chat.lastUpdate('42')).toEqual({ updateId: 6, at: 2_000 })
    })

    test('a code counts until its time, and until it is used, replaced or revoked', async () => {
      const { chat } = use()
      await chat.invite({ user: 'alice', codeHash: 'one', expiresAt: 2_000 }, 1_000)
      expect(await chat.invited('one', 1_999)).toBe('alice')
      expect(await chat.invited('one', 2_000)).toBeNull()
      expect(await chat.invited('other', 1_000)).toBeNull()
      await chat.invite({ user: 'alice', codeHash: 'two', expiresAt: 3_000 }, 1_000)
      expect(await chat.invited('one', 1_000)).toBeNull()
      await chat.commit(commitOf(1, { claim: claimOf('two') }))
      expect(await chat.invited('two', 1_000)).toBeNull()
      await chat.invite({ user: 'alice', codeHash: 'three', expiresAt: 3_000 }, 1_000)
      expect(await chat.revoke('alice')).toBe(true)
      expect([await chat.invited('three', 1_000), await chat.claims()]).toEqual([null, []])
      expect(await chat.revoke('alice')).toBe(false)
    })

    test('a claim is written with its update, once; whose code is gone meanwhile writes nothing', async () => {
      const { chat } = use()
      await chat.invite({ user: 'alice', codeHash: 'one', expiresAt: 2_000 }, 1_000)
      const commit = commitOf(1, { claim: claimOf('one'), changes: [flag('on')] })
      expect(await chat.commit(commit)).toBe(true)
      expect(await chat.commit(commit)).toBe(false)
      expect(await chat.claims()).toEqual([{ user: 'alice', telegramId: 7, chatId: 7, claimedAt: 1_000 }])
      const late = commitOf(2, { claim: { ...claimOf('one'), telegramId: 8 }, changes: [flag('off')] })
      await expect(chat.commit(late)).rejects.toMatchObject({ code: 'stale_claim' })
      expect(await chat.isCommitted('42', 2)).toBe(false)
      expect(await chat.settings()).toMatchObject([{ value: 'on' }])
      expect(await chat.claims()).toMatchObject([{ telegramId: 7 }])
    })

    test('a user is one person, and a person one user: the newer claim counts', async () => {
      const { chat } = use()
      const claims = [
        { ...claimOf('a'), user: 'alice', telegramId: 7 },
        { ...claimOf('b'), user: 'bob', telegramId: 8, chatId: null },
        { ...claimOf('c'), user: 'alice', telegramId: 8 },
      ]
      for (const [index, claim] of claims.entries()) {
        await chat.invite({ user: claim.user, codeHash: claim.codeHash, expiresAt: 2_000 }, 1_000)
        await chat.commit(commitOf(index + 1, { claim }))
      }
      expect(await chat.claims()).toMatchObject([{ user: 'alice', telegramId: 8 }])
    })

    test('updates are forgotten after two days', async () => {
      const { chat } = use()
      await chat.commit(commitOf(1, { at: 1_000 }))
      await chat.commit(commitOf(2, { at: 1_000 + 2 * DAY }))
      expect(await chat.isCommitted('42', 1)).toBe(true)
      await chat.commit(commitOf(3, { at: 1_001 + 2 * DAY }))
      expect(await chat.isCommitted('42', 1)).toBe(false)
      expect(await chat.isCommitted('42', 2)).toBe(true)
    })
  })
}
