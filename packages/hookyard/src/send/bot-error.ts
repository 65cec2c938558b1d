// What the Bot API refused, in words that may be told: the token, which is part of every URL here, stands in none.
import { GrammyError, HttpError } from 'grammy'
import { networkCause } from './post-json.ts'
import { oneLine } from './untrusted-text.ts'

export interface BotFailure {
  /** The Bot API's error code; null when it was not reached, or said nothing that makes sense. */
  readonly code: number | null
  /** `403: Forbidden: bot was blocked by the user`, or the code of a network error. */
  readonly text: string
  /** How long it asked to be left alone, in ms; null when it did not. */
  readonly afterMs: number | null
}

/** Reads what a call of the Bot API threw. */
export function readBotFailure(thrown: unknown, botToken: string): BotFailure {
  if (!(thrown instanceof GrammyError)) {
    const text = networkCause(thrown instanceof HttpError ? thrown.error : thrown)
    return { code: null, text, afterMs: null }
  }
  const code: unknown = thrown.error_code
  const seconds: unknown = thrown.parameters.retry_after
  return {
    code: typeof code === 'number' ? code : null,
    text: oneLine(withoutToken(`${String(code)}: ${thrown.description}`, botToken), 300),
    afterMs: typeof seconds === 'number' && seconds > 0 ? Math.ceil(seconds * 1_000) : null,
  }
}

/** The text without the token, its secret half, and either as a URL spells it. */
function withoutToken(text: string, botToken: string): string {
  const secret = botToken.slice(botToken.indexOf(':') + 1)
  const forms = [botToken, encodeURIComponent(botToken), secret, encodeURIComponent(secret)]
  return forms.reduce((clean, form) => (form === '' ? clean : clean.replaceAll(form, '(token)')), text)
}
