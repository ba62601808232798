/**
 * Pieces in quotes (scan.l): '...', E'...', U&'...', B'...', X'...', N'...', $tag$...$tag$, "...", U&"...".
 * Strings go on behind a line break ('a' line break 'b' is 'ab').
 */

import type { TokenType } from 'chevrotain';
import { notSupported, syntaxError } from '../../engine/sblr/parse-error.ts';
import type { ParseSettings } from '../../plugins/contract/contract.ts';
import { blankEnd, continuation, dollarTagEnd, quotedEnd, UNFINISHED } from '../kit/scan.ts';
import { CHARACTERS } from './characters.ts';
import { lexicalError } from './errors.ts';
import { unicodeUnescape, withoutEscapes } from './strings.ts';
import { BitString, HexString, Identifier, NationalString, StringLiteral } from './tokens.ts';

export interface StringPiece {
  readonly type: TokenType;
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

const QUOTE = 39;
const DOUBLE_QUOTE = 34;

/** A string whose first quote is at `from` (and `start` where its prefix begins), with everything that continues it. */
function pieces(text: string, start: number, from: number, escapes: boolean): { content: string; end: number } {
  let content = '';
  let at = from;
  for (;;) {
    const end = quotedEnd(text, at, QUOTE, escapes);
    if (end === UNFINISHED) throw lexicalError('unterminated quoted string', text.slice(start), start);
    const piece = text.slice(at + 1, end - 1);
    if (escapes) content += withoutEscapes(piece, at + 1);
    else content += piece.includes("'") ? piece.replaceAll("''", "'") : piece;
    const next = continuation(text, end, CHARACTERS);
    if (next === UNFINISHED) return { content, end };
    at = next;
  }
}

export function stringLiteral(text: string, start: number, escapes: boolean): StringPiece {
  const { content, end } = pieces(text, start, start, escapes);
  return { type: StringLiteral, value: content, start, end };
}

/** A string or name behind the letters at `start`, or null when they are a word of their own. */
export function prefixedString(text: string, start: number, settings: ParseSettings): StringPiece | null {
  const letter = text[start].toLowerCase();
  const at = start + 1;
  if (letter === 'u') return text[at] === '&' ? unicode(text, start, settings) : null;
  if (letter === 'e') return { ...stringLiteral(text, at, true), start };
  if (letter === 'n') return { ...stringLiteral(text, at, !settings.standardStrings), type: NationalString, start };
  if (letter !== 'b' && letter !== 'x') return null;
  const { content, end } = pieces(text, start, at, false);
  return { type: letter === 'b' ? BitString : HexString, value: content, start, end };
}

function unicode(text: string, start: number, settings: ParseSettings): StringPiece | null {
  const quote = text.charCodeAt(start + 2);
  if (quote === DOUBLE_QUOTE) {
    const name = quotedName(text, start + 2);
    const { mark, end } = unicodeEscape(text, name.end);
    return { type: Identifier, value: unicodeUnescape(name.value, mark, start), start, end };
  }
  if (quote !== QUOTE) return null;
  if (!settings.standardStrings) {
    throw notSupported("U&'...' while standard_conforming_strings is off", start, "Use E'\\uXXXX' instead.");
  }
  const string = pieces(text, start, start + 2, false);
  const { mark, end } = unicodeEscape(text, string.end);
  return { type: StringLiteral, value: unicodeUnescape(string.content, mark, start), start, end };
}

/** UESCAPE 'c' behind U&'...'. */
function unicodeEscape(text: string, from: number): { mark: string; end: number } {
  const at = blankEnd(text, from, CHARACTERS);
  if (at === UNFINISHED || !/^uescape\b/i.test(text.slice(at, at + 8))) return { mark: '\\', end: from };
  const quote = blankEnd(text, at + 7, CHARACTERS);
  if (quote === UNFINISHED || text.charCodeAt(quote) !== QUOTE) {
    throw lexicalError('UESCAPE must be followed by a simple string literal', text.slice(quote, quote + 1), Math.max(quote, at));
  }
  const { content, end } = pieces(text, quote, quote, false);
  if (content.length !== 1 || /[0-9a-fA-F+'"\s]/.test(content)) {
    throw lexicalError('invalid Unicode escape character', text.slice(quote, end), quote);
  }
  return { mark: content, end };
}

export function quotedName(text: string, start: number): StringPiece {
  const end = quotedEnd(text, start, DOUBLE_QUOTE, false);
  if (end === UNFINISHED) throw lexicalError('unterminated quoted identifier', text.slice(start), start);
  if (end === start + 2) throw lexicalError('zero-length delimited identifier', text.slice(start, end), start);
  return { type: Identifier, value: text.slice(start + 1, end - 1).replaceAll('""', '"'), start, end };
}

/** $tag$...$tag$, or null when no tag begins at `start`. */
export function dollarString(text: string, start: number): StringPiece | null {
  const tagEnd = dollarTagEnd(text, start, CHARACTERS);
  if (tagEnd === UNFINISHED) return null;
  const tag = text.slice(start, tagEnd);
  const close = text.indexOf(tag, tagEnd);
  if (close < 0) throw lexicalError('unterminated dollar-quoted string', text.slice(start), start);
  return { type: StringLiteral, value: text.slice(tagEnd, close), start, end: close + tag.length };
}

/** PostgreSQL has no text with a zero character. */
export function refuseZero(text: string): void {
  const zero = text.indexOf('\0');
  if (zero >= 0) throw syntaxError('invalid byte sequence for encoding "UTF8": 0x00', zero);
}
