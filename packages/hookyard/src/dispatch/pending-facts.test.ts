// A delivery that waits for a fact holds up nobody, and is next when the fact is there.
import { expect, test } from 'vitest'
import { delivery, pullRequest } from '../../../../test/builders.ts'
import { PendingFacts } from './pending-facts.ts'
import type { DeliveryToDecide, Facts } from './decision-context.ts'

const facts: Facts = { own: false, author: 'allowed' }
/** Each about a pull request of its own, unless the entity is given. */
const some = (guid: string, entity = `o/r#${guid}`): DeliveryToDecide => ({
  ...delivery('pull_request', pullRequest('opened')),
  guid,
  entity,
})

function scene(retryMs = 0) {
  const asked = new Map<string, { resolve: (facts: Facts) => void; reject: (error: Error) => void }>()
  let ready: (() => void) | undefined
  const ask = ({ guid }: DeliveryToDecide) =>
    guid.startsWith('plain')
      ? null
      : new Promise<Facts>((resolve, reject) => asked.set(guid, { resolve, reject }))
  const pending = new PendingFacts(ask, () => ready?.(), retryMs)
  const nextReady = () => new Promise<void>((resolve) => (ready = resolve))
  return { pending, asked, nextReady }
}

test('what needs no fact does not wait', () => {
  const { pending } = scene()
  expect(pending.factsOf(some('plain'))).toBeNull()
  expect(pending.size).toBe(0)
})

test('a question is asked once, and its answer kept until the delivery is dispatched', async () => {
  const { pending, asked, nextReady } = scene()
  expect([pending.factsOf(some('a')), pending.factsOf(some('a'))]).toEqual(['pending', 'pending'])
  expect([asked.size, pending.has('a'), pending.size]).toEqual([1, true, 1])
  const ready = nextReady()
  asked.get('a')?.resolve(facts)
  await ready
  expect([pending.factsOf(some('a')), pending.factsOf(some('a')), pending.has('a')]).toEqual([
    facts,
    facts,
    false,
  ])
  pending.forget('a')
  expect(pending.factsOf(some('a'))).toBe('pending')
})

test('a question that failed is asked again', async () => {
  const { pending, asked, nextReady } = scene()
  pending.factsOf(some('a'))
  const ready = nextReady()
  asked.get('a')?.reject(new Error('disk full'))
  await ready
  expect(pending.factsOf(some('a'))).toBe('pending')
  asked.get('a')?.resolve(facts)
})

test('a flood waits its turn', async () => {
  const { pending, asked, nextReady } = scene()
  for (let count = 0; count < 256; count += 1) pending.factsOf(some(`a${count}`))
  expect([pending.factsOf(some('one-more')), asked.size, pending.has('one-more')]).toEqual([
    'full',
    256,
    false,
  ])
  const ready = nextReady()
  asked.get('a7')?.resolve(facts)
  await ready
  expect(pending.factsOf(some('one-more'))).toBe('pending')
})

test('a later delivery of the entity does not pass one that waits; its own question is asked meanwhile', async () => {
  const { pending, asked, nextReady } = scene()
  const [first, second, plain] = [some('a', 'o/r#1'), some('b', 'o/r#1'), some('plain', 'o/r#1')]
  const look = () => [first, second, plain].map((one) => pending.factsOf(one))
  expect(look()).toEqual(['pending', 'pending', 'pending'])
  expect([...asked.keys(), pending.size]).toEqual(['a', 'b', 3])
  expect(pending.factsOf(some('plain-too', 'o/r#2'))).toBeNull()
  let ready = nextReady()
  asked.get('b')?.resolve(facts)
  await ready
  expect(look()).toEqual(['pending', 'pending', 'pending'])
  ready = nextReady()
  asked.get('a')?.resolve(facts)
  await ready
  expect([...look(), pending.size]).toEqual([facts, facts, null, 0])
})
