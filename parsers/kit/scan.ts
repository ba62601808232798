/**
 * Steps through text that the lexers and the normalising scanner share: blanks, comments, quoted pieces. Each takes the position
 * where its piece begins and returns the one behind it, or UNFINISHED.
 *
 * Hot: free functions over a string and integers, no regular expressions, nothing allocated.
 */

import { BLANK, isIdentifierPart, isIdentifierStart } from './characters.ts';

export const UNFINISHED = -1;

const NEWLINE = 10;
const RETURN = 13;
const QUOTE = 39;
const STAR = 42;
const MINUS = 45;
const SLASH = 47;
const BACKSLASH = 92;
const DOLLAR = 36;
const ASCII = 128;

/** Behind blanks and comments (`--` and nested block comments). UNFINISHED: a block comment without an end; commentStart finds it. */
export function blankEnd(text: string, from: number, table: Uint8Array): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code < ASCII && (table[code] & BLANK) !== 0) at++;
    else if (code === MINUS && text.charCodeAt(at + 1) === MINUS) at = lineEnd(text, at + 2);
    else if (code === SLASH && text.charCodeAt(at + 1) === STAR) {
      at = blockCommentEnd(text, at);
      if (at === UNFINISHED) return UNFINISHED;
    } else return at;
  }
}

/** The line break that ends a comment, or the end of the text. */
export function lineEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === NEWLINE || code === RETURN) return at;
    at++;
  }
  return at;
}

function blockCommentEnd(text: string, from: number): number {
  let depth = 1;
  let at = from + 2;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === STAR && text.charCodeAt(at + 1) === SLASH) {
      at += 2;
      if (--depth === 0) return at;
    } else if (code === SLASH && text.charCodeAt(at + 1) === STAR) {
      at += 2;
      depth++;
    } else at++;
  }
  return UNFINISHED;
}

/** Where the block comment begins that blankEnd found unfinished. */
export function commentStart(text: string, from: number, table: Uint8Array): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code < ASCII && (table[code] & BLANK) !== 0) at++;
    else if (code === MINUS) at = lineEnd(text, at + 2);
    else {
      const end = blockCommentEnd(text, at);
      if (end === UNFINISHED) return at;
      at = end;
    }
  }
}

/** Behind a piece in quotes; the quote inside is written twice, or behind a backslash where those escape. */
export function quotedEnd(text: string, from: number, quote: number, escapes: boolean): number {
  let at = from + 1;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      if (text.charCodeAt(at + 1) !== quote) return at + 1;
      at += 2;
    } else if (escapes && code === BACKSLASH) at += 2;
    else at++;
  }
  return UNFINISHED;
}

/**
 * A string goes on behind a line break (SQL: 'a' line break 'b' is 'ab'; comments to the end of the line may stand between): where
 * its next piece begins, or UNFINISHED when it is whole.
 */
export function continuation(text: string, from: number, table: Uint8Array): number {
  let at = from;
  let hasBreak = false;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code < ASCII && (table[code] & BLANK) !== 0) {
      if (code === NEWLINE || code === RETURN) hasBreak = true;
      at++;
    } else if (code === MINUS && text.charCodeAt(at + 1) === MINUS) at = lineEnd(text, at + 2);
    else return hasBreak && code === QUOTE ? at : UNFINISHED;
  }
}

/** Behind the opening `$tag$` at `from`, or UNFINISHED when there is none. */
export function dollarTagEnd(text: string, from: number, table: Uint8Array): number {
  let at = from + 1;
  if (text.charCodeAt(at) === DOLLAR) return at + 1;
  if (!isIdentifierStart(table, text.charCodeAt(at))) return UNFINISHED;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === DOLLAR) return at + 1;
    if (!isIdentifierPart(table, code)) return UNFINISHED;
    at++;
  }
  return UNFINISHED;
}
