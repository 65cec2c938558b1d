// What has one key goes one after the other; the rest side by side; a failure holds nobody up.
import { expect, test } from 'vitest'
import { createSerial } from './serial.ts'

test('acts of one key wait for each other, also after a failure', async () => {
  const serial = createSerial()
  const said: string[] = []
  const first = Promise.withResolvers<undefined>()
  const failing = serial('k', async () => {
    said.push('first begins')
    await first.promise
    said.push('first fails')
    throw new Error('no')
  })
  const second = serial('k', () => Promise.resolve(said.push('second')))
  await serial('other', () => Promise.resolve(said.push('other')))
  first.resolve(undefined)
  await expect(failing).rejects.toThrow('no')
  await second
  expect(said).toEqual(['first begins', 'other', 'first fails', 'second'])
})
