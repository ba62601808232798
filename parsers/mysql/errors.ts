/** Errors of MySQL's parser, in its words. */

import { syntaxError } from '../../engine/sblr/parse-error.ts';
import type { SqlToken } from '../kit/token.ts';

/** What the grammar raises; the words need the text, which whoever called it has. */
export class UnexpectedToken extends Error {
  readonly token: SqlToken;

  constructor(token: SqlToken) {
    super(`unexpected "${token.image}"`);
    this.token = token;
  }
}

/** Characters of the text that MySQL quotes. */
const NEAR_MAX = 80;

/** 1064: "... for the right syntax to use near 'x' at line 1". */
export function syntaxErrorAt(text: string, offset: number): Error {
  const near = text.slice(offset, offset + NEAR_MAX);
  const line = text.slice(0, offset).split('\n').length;
  return syntaxError(
    'You have an error in your SQL syntax; check the manual that corresponds to your MySQL server version for the right syntax ' +
      `to use near '${near}' at line ${line}`,
    offset,
  );
}
