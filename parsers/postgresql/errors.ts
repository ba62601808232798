/** Errors of PostgreSQL's parser, in its words. */

import { EOF } from 'chevrotain';
import { plainError, syntaxError } from '../../engine/sblr/parse-error.ts';
import type { SqlToken } from '../kit/token.ts';

/** The parser cannot go on with this token. */
export function unexpectedToken(token: SqlToken): never {
  if (token.tokenType === EOF && token.image === '') throw syntaxError('syntax error at end of input', token.startOffset);
  throw syntaxError(`syntax error at or near "${token.image}"`, token.startOffset);
}

/** The lexer cannot go on; `near` is what it has read so far. */
export const lexicalError = (what: string, near: string, offset: number): Error =>
  syntaxError(`${what} at or near "${near}"`, offset);

/**
 * Whether PostgreSQL tells where in the text an error is: of what fails while a statement runs it does not know. Values that a literal
 * cannot have are found while it is read.
 */
export const tellsPosition = ({ code, message }: { readonly code: string; readonly message: string }): boolean =>
  !RUNNING.test(code) || (code === '22003' && message.startsWith('value "'));

const RUNNING = /^(2201|2200|22003|22004|2202|21|23|40|53|54000|55|57)/;

/** An error of the wire protocol: what a client sent is not what was agreed upon, or not what it may ask for. */
export const wireError = (code: string, message: string, cause?: unknown): Error => plainError(code, message, cause);
