// Telegram as a place to work, over the Bot API against the whole service: what people write and what they read.
import { afterEach, describe, expect, test } from 'vitest'
import { officialPayload } from '@hookyard/standins/payloads'
import { closeInstallations, until } from '../installation.ts'
import { ALICE, BOB, openChat } from './scene.ts'

afterEach(closeInstallations)

describe('who is answered', () => {
  test('/start tells a stranger the id of the chat, and nothing else', async () => {
    const at = await openChat()
    expect(await at.ask(999, '/start')).toBe("This chat's id is 999.")
    expect(await at.ask(-500, '/start@hookyard_bot', { id: 999 })).toBe("This chat's id is -500.")
    expect(await at.ask(-1_000_000_000_500, '/start', { id: 999 })).toBe("This chat's id is -1000000000500.")
  })

  test('a stranger gets no other answer, and changes nothing', async () => {
    const at = await openChat()
    for (const text of ['/help', '/status', '/run taker -', '/notify here', '/on taker', 'hello', '/startx'])
      at.telegram.sendText(999, text)
    await at.settled()
    expect(at.said(999)).toEqual([])
    expect(await at.ask(ALICE, '/status')).toContain('Your messages go to this chat (config)')
  })

  test('a stranger who asks for the id again and again is answered a few times', async () => {
    const at = await openChat()
    for (let count = 0; count < 20; count += 1) at.telegram.sendText(999, '/start')
    await at.settled()
    expect(at.said(999)).toHaveLength(5)
    at.advance(60_000)
    await at.ask(999, '/start')
  })

  test('a known chat is greeted by name', async () => {
    const at = await openChat()
    expect(await at.ask(BOB, '/start')).toBe(
      "This chat's id is 222.\nYou are bob (member). /help says what you can do here.",
    )
  })

  test('a bot is never answered', async () => {
    const at = await openChat()
    at.telegram.sendUpdate({
      message: {
        message_id: 1,
        date: 1,
        chat: { id: ALICE, type: 'private' },
        from: { id: ALICE, is_bot: true, first_name: 'x' },
        text: '/status',
      },
    })
    await at.settled()
    expect(at.said(ALICE)).toHaveLength(1)
  })

  test('a group that only hears is not answered, whoever writes in it', async () => {
    const at = await openChat({
      users: [{ name: 'alice', role: 'admin', chat_id: ALICE, notify_chat_id: -500, repos: ['octocat/*'] }],
    })
    at.telegram.sendText(-500, '/status', { id: 999 })
    at.telegram.sendText(-500, '/status', { id: ALICE })
    at.telegram.sendText(-500, '/off taker', { id: ALICE })
    await at.settled()
    expect(at.said(-500)).toEqual([])
    expect(await at.ask(ALICE, '/modules')).toContain('taker: off (default)')
  })

  test('in a group that is a user’s chat only that person speaks as the user', async () => {
    const at = await openChat({
      users: [
        { name: 'alice', role: 'admin', chat_id: ALICE, repos: ['octocat/*'] },
        { name: 'team', chat_id: -700, telegram_id: 12_345, repos: ['octocat/hello-world'] },
      ],
    })
    expect(await at.ask(-700, '/start@hookyard_bot', { id: 12_345 })).toContain('You are team (member)')
    expect(await at.ask(-700, '/on taker', { id: 12_345 })).toContain('taker is on for you (user)')
    expect(await at.ask(-700, '/modules', { id: 12_345 })).toContain('taker: on (user)')
    for (const id of [999, ALICE]) at.telegram.sendText(-700, '/off taker', { id })
    await at.settled()
    expect(await at.ask(-700, '/modules', { id: 12_345 })).toContain('taker: on (user)')
    expect(await at.ask(ALICE, '/modules')).toContain('taker: off (default)')
  })
})

describe('commands', () => {
  test('are registered with the Bot API, each as /help lists it', async () => {
    const at = await openChat()
    const commands = await until(
      'the commands',
      () => at.telegram.commands.length > 0 && at.telegram.commands,
    )
    const help = await at.ask(ALICE, '/help')
    expect(commands.map(({ command }) => command)).toEqual(
      expect.arrayContaining(
        'start help status modules runs run why on off repos add remove notify mute'.split(' '),
      ),
    )
    expect(help.split('\n').map((line) => /^\/(\w+)/.exec(line)?.[1])).toEqual(
      commands.map(({ command }) => command),
    )
    expect(await at.ask(ALICE, '/help mute')).toBe(
      '/mute ENTITY|REPO DURATION: No messages of a pull request, issue or repository for a time',
    )
    expect(at.telegram.violations).toEqual([])
  })

  test('an unknown one names the one that was probably meant', async () => {
    const at = await openChat()
    expect(await at.ask(ALICE, '/statsu')).toBe(
      'There is no command /statsu. Did you mean /status? /help lists all.',
    )
    expect(await at.ask(ALICE, '/xyzzy now')).toBe('There is no command /xyzzy. /help lists all.')
    expect(await at.ask(ALICE, '/help nope')).toBe('There is no command /nope. /help lists all.')
  })

  test('in a group: those for other bots are left to them', async () => {
    const at = await openChat({
      users: [
        { name: 'alice', role: 'admin', chat_id: ALICE, repos: ['octocat/*'] },
        { name: 'team', chat_id: -700, telegram_id: 5, repos: ['octocat/hello-world'] },
      ],
    })
    for (const text of ['/status@other_bot', '/unheardof', 'a chat among people', '/help@other_bot'])
      at.telegram.sendText(-700, text, { id: 5 })
    await at.settled()
    expect(at.said(-700)).toEqual([])
    expect(await at.ask(-700, '/unheardof@hookyard_bot', { id: 5 })).toContain(
      'There is no command /unheardof.',
    )
    expect(await at.ask(-700, '/HELP@Hookyard_Bot status', { id: 5 })).toContain('/status')
  })

  test('words without a question are answered with where to look', async () => {
    const at = await openChat()
    expect(await at.ask(ALICE, 'good morning')).toBe(
      'No question is open. I understand commands: /help lists them.',
    )
  })

  test('what is missing, too much or wrong is said, with an example', async () => {
    const at = await openChat()
    const cases: readonly (readonly [string, string])[] = [
      ['/run', 'Something is missing: /run MODULE ENTITY, such as /run pr-review octocat/hello-world#42'],
      ['/run takr octocat/x', 'There is no module "takr". Write taker. /modules lists them.'],
      ['/run taker nonsense', '"nonsense" is neither a repository nor a pull request or issue. Write octocat/hello-world, octocat/hello-world#42 or its address.'],
      ['/on', 'Something is missing: /on MODULE'],
      ['/on everyone', 'everyone has no switch: it works for everybody who hears of the repository.'],
      ['/off a b', 'That is too much: /off MODULE'],
      ['/add hello', '"hello" is no repository. Write OWNER/REPO, such as octocat/hello-world.'],
      ['/add ../x', '"../x" is no repository. Write OWNER/REPO, such as octocat/hello-world.'],
      ['/notify there', 'Write /notify here in the chat where your messages shall go, or /notify default.'],
      ['/mute octocat/x', 'Something is missing: /mute ENTITY|REPO DURATION, such as /mute octocat/hello-world#42 2h'],
      ['/mute octocat/x soon', '"soon" is no time. Write 30m, 2h, 7d, or off.'],
      ['/mute octocat/x off', 'octocat/x is not muted.'],
      ['/why', 'Something is missing: /why ENTITY|URL|GUID, such as /why octocat/hello-world#42'],
      ['/why octocat/x#9', 'Nothing is known of octocat/x#9: no such event reached this installation, or none that concerns you.'],
      ['/why <b>', '"<b>" is nothing that I know. Write octocat/hello-world#42, its address, or a delivery\'s GUID.'],
      ['/reset takr', 'There is no module "takr". Write taker. /modules lists them.'],
      ['/runs gone', expect.stringContaining('There is no module "gone".') as string],
      ['/status now', 'That is too much: /status'],
    ] // prettier-ignore
    for (const [text, answer] of cases) expect(await at.ask(ALICE, text)).toEqual(answer)
    expect(at.telegram.violations).toEqual([])
  })
})

describe('work', () => {
  test('/run starts a run as the user, and its result comes as a message', async () => {
    const at = await openChat()
    const answer = await at.ask(BOB, '/run taker https://github.com/octocat/Hello-World/pull/7')
    expect(answer).toMatch(
      /^taker started on octocat\/hello-world#7 \(run \w+\)\.\nIts result comes to this chat\.$/,
    )
    const runId = /run (\w+)\)/.exec(answer)?.[1] ?? ''
    expect(await at.ended(runId)).toMatchObject({
      status: 'done',
      entity: 'octocat/hello-world#7',
      recipients: ['bob'],
      trigger: { type: 'invoke', by: 'bob' },
    })
    await until('the result', () =>
      at.said(BOB).some((text) => text.startsWith('took octocat/hello-world#7')),
    )
  })

  test('/run is refused where the user may not, and starts nothing', async () => {
    const at = await openChat()
    expect(await at.ask(BOB, '/run taker acme/secret#1')).toMatch(/^bob may not start runs in acme\/secret;/)
    expect(await at.ask(BOB, '/run other octocat/hello-world#1')).toMatch(
      /^entity "octocat\/hello-world#1" does not fit/,
    )
    expect(await at.ask(ALICE, '/runs')).toBe('There are no such runs.')
  })

  test('/runs shows an admin all, a member those that they hear of', async () => {
    const at = await openChat()
    const [first, second] = [
      await at.ask(ALICE, '/run taker octocat/x#1'),
      await at.ask(BOB, '/run taker octocat/hello-world#2'),
    ]
    for (const text of [first, second]) await at.ended(/run (\w+)\)/.exec(text)?.[1] ?? '')
    const all = await at.ask(ALICE, '/runs')
    expect(all).toContain('taker octocat/x#1 done, just now\n  took octocat/x#1\n  run ')
    expect(all).toContain('octocat/hello-world#2')
    const own = await at.ask(BOB, '/runs')
    expect(own).toContain('octocat/hello-world#2')
    expect(own).not.toContain('octocat/x#1')
    expect(await at.ask(ALICE, '/runs octocat/x#1')).not.toContain('hello-world')
    expect(await at.ask(ALICE, '/runs failed')).toBe('There are no such runs.')
    expect(await at.ask(ALICE, '/runs taker')).toContain('octocat/x#1')
  })

  test('/why tells what happened and why, to those whom it concerns', async () => {
    const at = await openChat()
    const { guid } = await at.post('pull_request', officialPayload('pull_request', 'opened'))
    await at.decisions(guid)
    await at.messagesSent(1)
    const byEntity = await at.ask(ALICE, '/why codertocat/hello-world#2')
    expect(byEntity).toContain('pull_request.opened  codertocat/hello-world#2')
    expect(byEntity).toContain('alice · taker · skipped: feature_disabled')
    expect(byEntity).toContain('alice · message · notified')
    expect(await at.ask(ALICE, `/why ${guid}`)).toBe(byEntity)
    expect(await at.ask(ALICE, '/why https://github.com/Codertocat/Hello-World/pull/2')).toBe(byEntity)
    expect(await at.ask(BOB, `/why ${guid}`)).toMatch(/^Nothing is known of/)
  })

  test('/status says how things stand and whose words the settings are', async () => {
    const at = await openChat()
    const admin = await at.ask(ALICE, '/status')
    expect(admin).toMatch(
      /^Hookyard \S+, up for \S+\nAgent: offline\nModules: 3 on \(\/modules\)\nRuns: 0 queued, 0 running, 0 paused\nWaiting: /,
    )
    expect(admin).toContain('You: alice, admin\nYour messages go to this chat (config)\nNothing is muted.')
    const member = await at.ask(BOB, '/status')
    expect(member).toContain('Your runs: 0 queued, 0 running, 0 paused\nYou: bob, member')
    expect(member).not.toContain('Waiting:')
  })

  test('outside text in an answer formats nothing', async () => {
    const at = await openChat()
    await at.ask(ALICE, '/<b>bold</b>')
    await at.ask(ALICE, '/run <i>x</i>')
    expect(at.said(ALICE)).toEqual([
      'There is no command /<b>bold</b>. /help lists all.',
      expect.stringContaining('There is no module "<i>x</i>".'),
    ])
    expect(at.telegram.violations).toEqual([])
  })
})
