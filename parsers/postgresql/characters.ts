/** PostgreSQL's characters (scan.l): space, ident_start, ident_cont, op_chars, self. */

import { characterTable, OPERATOR } from '../kit/characters.ts';

export const CHARACTERS = characterTable({
  blanks: ' \t\n\r\f\v',
  identifierStarts: '_',
  identifierParts: '_$',
  operators: '~!@#^&|`?+-*/%<>=',
});

/** Characters that no operator of the SQL standard has: an operator with one of them may end in + or -. */
const BEYOND_STANDARD = new Set('~!@#^&|`?%');

const PLUS = 43;
const MINUS = 45;
const STAR = 42;
const SLASH = 47;

/** Behind the operator at `from`: the longest run of operator characters that begins no comment and does not end in a sign. */
export function operatorEnd(text: string, from: number): number {
  let end = from;
  while (end < text.length) {
    const code = text.charCodeAt(end);
    if (code >= 128 || (CHARACTERS[code] & OPERATOR) === 0) break;
    const next = text.charCodeAt(end + 1);
    if ((code === MINUS && next === MINUS) || (code === SLASH && next === STAR)) break;
    end++;
  }
  return end - from > 1 ? withoutSign(text, from, end) : end;
}

/** `=-` is `=` and `-`, but `@-` is one operator. */
function withoutSign(text: string, from: number, runEnd: number): number {
  const last = text.charCodeAt(runEnd - 1);
  if (last !== PLUS && last !== MINUS) return runEnd;
  for (let at = from; at < runEnd; at++) if (BEYOND_STANDARD.has(text[at])) return runEnd;
  let end = runEnd;
  while (end - from > 1) {
    const code = text.charCodeAt(end - 1);
    if (code !== PLUS && code !== MINUS) break;
    end--;
  }
  return end;
}
