/** The vocabulary, and the lexer: a line becomes tokens, the last of which is EOF. Blanks separate; nothing is a comment. */

import { EOF, type TokenType } from 'chevrotain';
import { syntaxError } from '../../engine/sblr/parse-error.ts';
import { SqlToken, tokenType } from '../kit/token.ts';

export const Name = tokenType('Name');
export const Integer = tokenType('Integer');
export const Decimal = tokenType('Decimal');
export const Text = tokenType('Text');
export const Comma = tokenType(',');
export const Compared = tokenType('Comparison');
export const Equals = tokenType('=', [Compared]);

const WORDS = 'show add set remove where and by down first begin commit rollback null'.split(' ');
export const K: { readonly [word: string]: TokenType } = Object.fromEntries(
  WORDS.map((word) => [word, tokenType(word.toUpperCase())]),
);

export const VOCABULARY: readonly TokenType[] = [Name, Integer, Decimal, Text, Comma, Compared, Equals, ...Object.values(K), EOF];

//                     1 name                 2 text             3 number              4 comparison        5 comma
const TOKEN = /[ \t\r]*(?:([A-Za-z_][A-Za-z_0-9]*)|'((?:[^']|'')*)'|(-?\d+(?:\.\d+)?)|(<=|>=|<>|<|>|=)|(,))/y;
const BLANKS = /[ \t\r]*/y;

/** Where the line that begins at `start` ends: behind its line feed, or the end of the text. */
export function lineEnd(text: string, start: number): number {
  const found = text.indexOf('\n', start);
  return found < 0 ? text.length : found + 1;
}

/** The tokens of one line. 42601 */
export function tokensOf(text: string, start: number, end: number): SqlToken[] {
  const line = text.slice(start, end).replace(/\n$/, '');
  const tokens: SqlToken[] = [];
  let at = 0;
  for (;;) {
    BLANKS.lastIndex = at;
    BLANKS.exec(line);
    at = BLANKS.lastIndex;
    if (at >= line.length) break;
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(line);
    if (found === null) throw syntaxError(`"${line[at]}" is nothing of this language`, start + at);
    const [type, value] = kindOf(found);
    tokens.push(new SqlToken(type, found[0], value, start + at, start + TOKEN.lastIndex, tokens.length, false));
    at = TOKEN.lastIndex;
  }
  tokens.push(new SqlToken(EOF, '', '', start + line.length, start + line.length, tokens.length, false));
  return tokens;
}

function kindOf([, name, text, number, comparison]: RegExpExecArray): [TokenType, string] {
  if (name !== undefined) return [Object.hasOwn(K, name) ? K[name] : Name, name];
  if (text !== undefined) return [Text, text.replaceAll("''", "'")];
  if (number !== undefined) return [number.includes('.') ? Decimal : Integer, number];
  if (comparison !== undefined) return [comparison === '=' ? Equals : Compared, comparison];
  return [Comma, ','];
}
