/**
 * Characters by what they may begin or go on with, as one table of flags for the codes below 128; all above count as letters, as
 * they do in PostgreSQL. Dialects with other rules make their own table with characterTable().
 *
 * Hot: the scanners look every character of a statement up here.
 */

export const BLANK = 1;
export const IDENTIFIER_START = 2;
export const IDENTIFIER_PART = 4;
export const DIGIT = 8;
export const OPERATOR = 16;
export const HEX_DIGIT = 32;

const ASCII = 128;

/** Flags of each character below 128. */
export interface CharacterClasses {
  readonly blanks: string;
  readonly identifierStarts: string;
  readonly identifierParts: string;
  readonly operators: string;
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const DIGITS = '0123456789';

export function characterTable(classes: CharacterClasses): Uint8Array {
  const table = new Uint8Array(ASCII);
  const mark = (characters: string, flag: number): void => {
    for (const character of characters) table[character.charCodeAt(0)] |= flag;
  };
  mark(classes.blanks, BLANK);
  mark(LETTERS + classes.identifierStarts, IDENTIFIER_START);
  mark(LETTERS + DIGITS + classes.identifierParts, IDENTIFIER_PART);
  mark(DIGITS, DIGIT);
  mark(classes.operators, OPERATOR);
  mark(`${DIGITS}abcdefABCDEF`, HEX_DIGIT);
  return table;
}

export const isIdentifierPart = (table: Uint8Array, code: number): boolean =>
  code >= ASCII || (table[code] & IDENTIFIER_PART) !== 0;

export const isIdentifierStart = (table: Uint8Array, code: number): boolean =>
  code >= ASCII || (table[code] & IDENTIFIER_START) !== 0;

/** False at the end of the text, where charCodeAt gives NaN. */
export const hasFlag = (table: Uint8Array, code: number, flag: number): boolean => code < ASCII && (table[code] & flag) !== 0;

/** End of the word that begins at `from`. */
export function wordEnd(text: string, from: number, table: Uint8Array): number {
  let at = from + 1;
  while (at < text.length && isIdentifierPart(table, text.charCodeAt(at))) at++;
  return at;
}

/** ASCII letters in lower case, nothing else: what PostgreSQL does in a multi-byte encoding. */
export function foldLower(word: string): string {
  for (let at = 0; at < word.length; at++) {
    const code = word.charCodeAt(at);
    if (code >= 65 && code <= 90) return word.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  }
  return word;
}
