/**
 * Errors that a dialect raises while it reads text. Parsers see engine/sblr and nothing below it, so the one class of errors that
 * clients know (shm/errors.ts) is reached through here.
 */

import { SQLSTATE, SqlError } from '../../shm/errors.ts';

/** `offset`: 0-based character offset in the text; the error carries the 1-based position. */
export const syntaxError = (message: string, offset: number, hint?: string): SqlError =>
  new SqlError(SQLSTATE.syntax_error, message, { position: offset + 1, hint });

/** A frame of a window that no row can have. */
export const frameError = (message: string, offset: number): SqlError =>
  new SqlError(SQLSTATE.windowing_error, message, { position: offset + 1 });

/** Valid in the dialect, but the engine has nothing for it. `what` is named in the message: `ALTER TABLE`. */
export const notSupported = (what: string, offset: number, hint?: string): SqlError =>
  new SqlError(SQLSTATE.feature_not_supported, `${what} is not supported`, { position: offset + 1, hint });

/** Nested deeper than `limit`: source forms are walked by recursion. */
export const tooComplex = (limit: number, offset: number): SqlError =>
  new SqlError(SQLSTATE.statement_too_complex, `statement is nested more than ${limit} levels deep`, {
    position: offset + 1,
    hint: 'write it with fewer levels of parentheses, subqueries or CASE',
  });

export const isSqlError = (thrown: unknown): thrown is SqlError => thrown instanceof SqlError;

/** Any other error that clients know, by its code. */
export const plainError = (code: string, message: string, cause?: unknown): SqlError =>
  cause === undefined ? new SqlError(code, message) : new SqlError(code, message, { cause });
