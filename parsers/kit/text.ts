/**
 * Pieces of canonical text that all renderers need: names in quotes where they need them, strings, lists.
 */

/** A string literal of the SQL standard. */
export const quotedString = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** A name in double quotes. */
export const quotedIdentifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Words that are there, with single blanks between. */
export const joinWords = (words: readonly (string | false | null | undefined)[]): string =>
  words.filter((word) => typeof word === 'string' && word !== '').join(' ');

/** `KEYWORD text`, or nothing when there is no text. */
export const clause = (keyword: string, text: string | null): string =>
  text === null || text === '' ? '' : `${keyword} ${text}`;
