// What GitHub's own program makes of published texts: no picture, no markup, no link and no mention that the input did not
// name. HOOKYARD_RENDERED=100000 judges more of them; HOOKYARD_NEEDS_CMARK=1 makes the program's absence a failure.
import { expect, test } from 'vitest'
import { sanitize } from '../../packages/hookyard/src/broker/github/sanitize-markdown.ts'
import { hostileTexts } from './hostile-markdown.ts'
import { actingTexts, hasCmark } from './rendered.ts'

const TEXTS = Number(process.env['HOOKYARD_RENDERED'] ?? 2_000)
const PER_BATCH = 500
const SEED = 26
const here = hasCmark()
const note = here ? '' : ' (skipped: cmark-gfm is not installed here)'
const people = { logins: ['alice'], hosts: ['docs.test'], own: 'https://github.com/octo/hello' }
const allowances = {
  ...{ repository: 'octo/hello', number: 7, htmlHost: 'github.com' },
  ...{ logins: new Set(people.logins), hosts: new Set(people.hosts) },
}

test.runIf(process.env['HOOKYARD_NEEDS_CMARK'])('cmark-gfm is installed', () => expect(here).toBe(true))

test.skipIf(!here)('the judge of this test sees what it is there to see, and whose it is', () => {
  const harmless = 'Fine, @alice: `@mallory` https://docs.test/x [a](https://github.com/octo/hello/issues/1)'
  const acts = [
    ...['@mallory', '![a](https://docs.test/a.png)', '<b>x</b>', '[a](https://evil.test)', 'www.evil.test'],
    ...['me@evil.test', '```\nopen', '<!-- x', '<div>', '[r]: https://evil.test\n\n[r]', '[a](javascript:x)'],
  ]
  const texts = [harmless, ...acts.flatMap((text) => [text, harmless])]
  const found = actingTexts(texts, people).map(({ at }) => at)
  expect(found).toEqual(acts.map((_text, index) => 2 * index + 1))
})

test.skipIf(!here)(
  `${TEXTS} published texts (seed ${SEED}), as GitHub's program renders them${note}`,
  () => {
    let inputs: string[] = []
    let done = 0
    const look = () => {
      const clean = inputs.map((text) => sanitize(text, allowances))
      const acting = actingTexts(clean, people).map(({ at, why }) => ({
        why,
        text: inputs[at],
        published: clean[at],
      }))
      expect(acting).toEqual([])
      done += inputs.length
      inputs = []
    }
    for (const text of hostileTexts(TEXTS, SEED)) if (inputs.push(text) === PER_BATCH) look()
    look()
    expect(done).toBe(TEXTS)
  },
  1_800_000,
)
