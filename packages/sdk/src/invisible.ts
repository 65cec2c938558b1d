// Characters that a reader cannot see but a program reads: zero-width marks, direction overrides, tag letters, control
// characters. Outside text loses them before it reaches a model or a page. What a script or an emoji is written with stays,
// where it stands between what it joins.

const INVISIBLE = new RegExp(
  '[' +
    '\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f' + // control characters
    '\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f' + // soft hyphen, fillers, joiners
    '\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u206f\\ufeff' + // zero width, direction
    '\\u3164\\uffa0\\ufff0-\\ufffb' + // fillers, annotations
    '\\ufe00-\\ufe0f\\u{e0000}-\\u{e0fff}' + // variation selectors, tags
    '\\u{1bca0}-\\u{1bca3}\\u{1d173}-\\u{1d17a}' + // shorthand and music format controls
    ']',
  'gu',
)

// Scripts in which U+200C and U+200D say how two letters are joined (Unicode, UAX 31, section 2.3).
const JOINING =
  'Arab Syrc Mong Nkoo Mand Adlm Rohg Deva Beng Guru Gujr Orya Taml Telu Knda Mlym Sinh Mymr Khmr Tibt Bali Java Sund'
    .split(' ')
    .map((script) => `\\p{Script_Extensions=${script}}`)
    .join('')
const LETTER = `[[${JOINING}]&&[\\p{L}\\p{M}]]`
// Behind a virama U+200D says how the letter is written though no other follows.
const VIRAMA = '[\\u094d\\u09cd\\u0a4d\\u0acd\\u0b4d\\u0bcd\\u0c4d\\u0ccd\\u0d4d\\u0dca]'
const JOINER = `(?<=${LETTER})[\\u200c\\u200d](?=${LETTER})|(?<=${VIRAMA})\\u200d`
/** One emoji, or several joined, as a reader sees one; subdivision flags are the three that are recommended for use. */
const PICTURE = '\\p{Extended_Pictographic}(?:[\\ufe0e\\ufe0f]|\\p{Emoji_Modifier})?'
const EMOJI =
  `\\u{1f3f4}\\u{e0067}\\u{e0062}\\u{e0065}\\u{e006e}\\u{e0067}\\u{e007f}` + // England
  `|\\u{1f3f4}\\u{e0067}\\u{e0062}\\u{e0073}\\u{e0063}\\u{e0074}\\u{e007f}` + // Scotland
  `|\\u{1f3f4}\\u{e0067}\\u{e0062}\\u{e0077}\\u{e006c}\\u{e0073}\\u{e007f}` + // Wales
  `|[#*0-9]\\ufe0f\\u20e3|${PICTURE}(?:\\u200d${PICTURE})*`
const KEPT = new RegExp(`${EMOJI}|${JOINER}`, 'gv')

/** The text without invisible characters, its line ends as `\n`, and how many characters were taken out. */
export function stripInvisible(text: string): { readonly text: string; readonly removed: number } {
  let removed = 0
  const strip = (part: string): string =>
    part.replace(INVISIBLE, () => {
      removed++
      return ''
    })
  const whole = text.toWellFormed().replace(/\r\n?|[\u2028\u2029]/g, '\n')
  let stripped = ''
  let from = 0
  for (const { 0: kept, index } of whole.matchAll(KEPT)) {
    stripped += strip(whole.slice(from, index)) + kept
    from = index + kept.length
  }
  return { text: stripped + strip(whole.slice(from)), removed }
}
