// JSON columns: text in the database, values outside.

/** `undefined` becomes null. */
export const toJson = (value: unknown): string | null => (value == null ? null : JSON.stringify(value))

/** @throws SyntaxError when the column holds no JSON. */
export const fromJson = (text: string | null): unknown => (text === null ? null : JSON.parse(text))
