// Characters that a reader cannot see but a program reads: zero-width marks, direction overrides, tag
// letters, control characters. Outside text loses them before it reaches a model or a page.

const INVISIBLE = new RegExp(
  '[' +
    '\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f' + // control characters
    '\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f' + // soft hyphen, fillers, joiners
    '\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u206f\\ufeff' + // zero width, direction
    '\\u3164\\uffa0\\ufff0-\\ufffb' + // fillers, annotations
    '\\ufe00-\\ufe0e\\u{e0000}-\\u{e0fff}' + // variation selectors (not the emoji one), tags
    '\\u{1bca0}-\\u{1bca3}\\u{1d173}-\\u{1d17a}' + // shorthand and music format controls
    ']',
  'gu',
)

/** The text without invisible characters, its line ends as `\n`, and how many characters were taken out. */
export function stripInvisible(text: string): { readonly text: string; readonly removed: number } {
  let removed = 0
  const stripped = text
    .toWellFormed()
    .replace(/\r\n?|[\u2028\u2029]/g, '\n')
    .replace(INVISIBLE, () => {
      removed++
      return ''
    })
  return { text: stripped, removed }
}
