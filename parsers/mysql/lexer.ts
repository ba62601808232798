/**
 * MySQL's lexer: one statement's tokens, each with its ordinal, place and value; parentheses know their partner.
 *
 *   `a``b`            a name                   'it''s\n' "it's"      texts; pieces behind each other are one
 *   -- x  # x         comments to the end      / * ... * /           a comment
 *   / *! ... * /      what is inside counts    / *!80000 ... * /     ... from that version on
 *   0x4f x'4f' b'01'  bytes                    _utf8mb4'a' n'a'      texts
 *   @a @'a' @@x       variables                ?                     a parameter
 *
 * sql_mode is MySQL's default as far as it is about characters: "..." is a text, and a backslash escapes.
 */

import { EOF, type TokenType } from 'chevrotain';
import { notSupported } from '../../engine/sblr/parse-error.ts';
import { DIGIT, hasFlag, isIdentifierPart, isIdentifierStart, wordEnd } from '../kit/characters.ts';
import { lineEnd } from '../kit/scan.ts';
import { SqlToken } from '../kit/token.ts';
import { CHARACTERS, OPERATORS } from './characters.ts';
import { syntaxErrorAt } from './errors.ts';
import { RESERVED } from './keywords.ts';
import * as T from './tokens.ts';

export interface Lexed {
  /** Of one statement; the last is of type EOF and stands for the semicolon or the end of the text. */
  readonly tokens: SqlToken[];
  /** Behind the semicolon, or the end of the text. */
  readonly end: number;
}

/** Of the MySQL that this follows: comments for later versions stay comments. */
export const VERSION_NUMBER = 80036;

const QUOTE = 39;
const DOUBLE_QUOTE = 34;
const BACKTICK = 96;
const BACKSLASH = 92;
const SEMICOLON = 59;
const HASH = 35;
const MINUS = 45;
const SLASH = 47;
const STAR = 42;
const EXCLAMATION = 33;
const POINT = 46;
const AT_SIGN = 64;
const BLANK_MAX = 32;

const ONE_CHARACTER: { readonly [character: string]: TokenType } = {
  ...{ '(': T.LeftParen, ')': T.RightParen, ',': T.Comma, '.': T.Dot, '?': T.Marker },
};

const ESCAPES: { readonly [character: string]: string } = { 0: '\0', b: '\b', n: '\n', r: '\r', t: '\t', Z: '\x1a' };

/** Lexes the statement that begins at `start`. */
export const lexStatement = (text: string, start: number): Lexed => new Lexer(text).statement(start);

class Lexer {
  readonly #text: string;
  readonly #tokens: SqlToken[] = [];
  readonly #open: SqlToken[] = [];
  /** Inside a comment whose content counts. */
  #isVersioned = false;

  constructor(text: string) {
    this.#text = text;
  }

  statement(start: number): Lexed {
    const text = this.#text;
    let at = start;
    for (;;) {
      at = this.#blanks(at);
      if (at >= text.length) return this.#finish(text.length, text.length, '');
      if (text.charCodeAt(at) === SEMICOLON) return this.#finish(at, at + 1, ';');
      at = this.#token(at);
    }
  }

  #finish(at: number, end: number, image: string): Lexed {
    this.#tokens.push(new SqlToken(EOF, image, image, at, at, this.#tokens.length, false));
    return { tokens: this.#tokens, end };
  }

  #add(type: TokenType, value: string, start: number, end: number, quoted = false): number {
    const image = this.#text.slice(start, end);
    this.#tokens.push(new SqlToken(type, image, value, start, end, this.#tokens.length, quoted));
    return end;
  }

  // ---- blanks and comments ----

  #blanks(from: number): number {
    const text = this.#text;
    let at = from;
    for (;;) {
      const code = text.charCodeAt(at);
      const next = text.charCodeAt(at + 1);
      if (code <= BLANK_MAX) at++;
      else if (code === HASH || (code === MINUS && next === MINUS && !(text.charCodeAt(at + 2) > BLANK_MAX)))
        at = lineEnd(text, at + 1);
      else if (code === SLASH && next === STAR) at = this.#comment(at);
      else if (this.#isVersioned && code === STAR && next === SLASH) {
        this.#isVersioned = false;
        at += 2;
      } else return at;
    }
  }

  /** Behind the comment; where its content counts, behind what opens it. */
  #comment(at: number): number {
    const text = this.#text;
    if (text.charCodeAt(at + 2) === EXCLAMATION) {
      const version = /\d{5,6}/y;
      version.lastIndex = at + 3;
      const found = version.exec(text);
      if (found === null || Number(found[0]) <= VERSION_NUMBER) {
        this.#isVersioned = true;
        return at + 3 + (found?.[0].length ?? 0);
      }
    }
    const end = text.indexOf('*/', at + 2);
    if (end < 0) throw syntaxErrorAt(text, at);
    return end + 2;
  }

  // ---- tokens ----

  /** Adds the token at `at`; returns where it ends. */
  #token(at: number): number {
    const text = this.#text;
    const code = text.charCodeAt(at);
    if (hasFlag(CHARACTERS, code, DIGIT) || (code === POINT && hasFlag(CHARACTERS, text.charCodeAt(at + 1), DIGIT)))
      return this.#number(at);
    if (code === QUOTE || code === DOUBLE_QUOTE) return this.#string(at, at);
    if (code === BACKTICK) return this.#quotedName(at);
    if (code === AT_SIGN) return this.#variable(at);
    if (isIdentifierStart(CHARACTERS, code)) return this.#word(at);
    const type = ONE_CHARACTER[text[at]];
    if (type !== undefined) return this.#punctuation(type, at);
    const operator = OPERATORS.find((one) => text.startsWith(one, at));
    if (operator !== undefined) return this.#add(T.Operator, operator === '!=' ? '<>' : operator, at, at + operator.length);
    return this.#add(T.Stray, '', at, at + 1);
  }

  #punctuation(type: TokenType, at: number): number {
    this.#add(type, '', at, at + 1);
    const token = this.#tokens[this.#tokens.length - 1];
    if (type === T.LeftParen) this.#open.push(token);
    else if (type === T.RightParen) {
      const partner = this.#open.pop();
      if (partner !== undefined) partner.match = token.ordinal;
    }
    return at + 1;
  }

  #word(at: number): number {
    const text = this.#text;
    const end = wordEnd(text, at, CHARACTERS);
    const word = text.slice(at, end);
    const lower = word.toLowerCase();
    if (text.charCodeAt(end) === QUOTE) {
      if (lower === 'x' || lower === 'b') return this.#bytes(at, end, lower);
      if (lower === 'n') return this.#string(at, end);
    }
    if (lower.startsWith('_') && INTRODUCERS.has(lower)) {
      const next = this.#blanks(end);
      const quote = text.charCodeAt(next);
      if (quote === QUOTE || quote === DOUBLE_QUOTE) return this.#introduced(lower, at, next);
    }
    // A name behind a point may be any word.
    const isReserved = RESERVED.has(lower) && this.#tokens.at(-1)?.tokenType !== T.Dot;
    return this.#add(isReserved ? T.Reserved : T.Identifier, isReserved ? lower : word, at, end);
  }

  #introduced(charset: string, at: number, quote: number): number {
    if (charset === '_utf8mb4' || charset === '_utf8' || charset === '_utf8mb3') return this.#string(at, quote);
    throw notSupported(`text of the character set ${charset.slice(1)}`, at);
  }

  #quotedName(at: number): number {
    const text = this.#text;
    let end = at + 1;
    for (;;) {
      end = text.indexOf('`', end);
      if (end < 0) throw syntaxErrorAt(text, at);
      if (text.charCodeAt(end + 1) !== BACKTICK) break;
      end += 2;
    }
    const name = text.slice(at + 1, end).replaceAll('``', '`');
    return this.#add(T.Identifier, name, at, end + 1, true);
  }

  /** A text whose first quote is at `quote`; those that follow go on with it. */
  #string(at: number, quote: number): number {
    const text = this.#text;
    let value = '';
    let end = quote;
    let from = quote;
    do {
      const piece = this.#piece(from);
      value += piece.value;
      end = piece.end;
      from = this.#blanks(end);
    } while (text.charCodeAt(from) === QUOTE || text.charCodeAt(from) === DOUBLE_QUOTE);
    return this.#add(T.StringLiteral, value, at, end);
  }

  #piece(from: number): { readonly value: string; readonly end: number } {
    const text = this.#text;
    const quote = text.charCodeAt(from);
    let value = '';
    let copied = from + 1;
    for (let at = from + 1; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === BACKSLASH) {
        value += text.slice(copied, at) + escaped(text[at + 1] ?? '');
        copied = ++at + 1;
      } else if (code === quote) {
        if (text.charCodeAt(at + 1) !== quote) return { value: value + text.slice(copied, at), end: at + 1 };
        value += text.slice(copied, ++at);
        copied = at + 1;
      }
    }
    throw syntaxErrorAt(text, from);
  }

  /** x'4f', b'0101'. */
  #bytes(at: number, quote: number, kind: string): number {
    const text = this.#text;
    const end = text.indexOf("'", quote + 1);
    const digits = end < 0 ? '' : text.slice(quote + 1, end);
    const isRight = kind === 'x' ? /^([\da-f]{2})*$/i.test(digits) : /^[01]*$/.test(digits);
    if (end < 0 || !isRight) throw syntaxErrorAt(text, at);
    return this.#add(T.HexLiteral, kind === 'x' ? digits : hexOfBits(digits), at, end + 1);
  }

  #number(at: number): number {
    const text = this.#text;
    const special = /0x[\da-fA-F]+|0b[01]+/y;
    special.lastIndex = at;
    const bytes = special.exec(text)?.[0];
    if (bytes !== undefined && !isIdentifierPart(CHARACTERS, text.charCodeAt(at + bytes.length))) {
      const digits = bytes.slice(2);
      const hex = bytes[1] === 'x' ? digits.padStart(digits.length + (digits.length & 1), '0') : hexOfBits(digits);
      return this.#add(T.HexLiteral, hex, at, at + bytes.length);
    }
    const plain = /(\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
    plain.lastIndex = at;
    const image = plain.exec(text)?.[0] as string;
    const end = at + image.length;
    const isWhole = /^\d+$/.test(image);
    // 1a is a name.
    if (isWhole && isIdentifierPart(CHARACTERS, text.charCodeAt(end))) return this.#word(at);
    const type = isWhole ? T.IntegerLiteral : /e/i.test(image) ? T.FloatLiteral : T.DecimalLiteral;
    return this.#add(type, image, at, end);
  }

  #variable(at: number): number {
    const text = this.#text;
    if (text.charCodeAt(at + 1) === AT_SIGN) {
      const name = /[\w$.]+/y;
      name.lastIndex = at + 2;
      const found = name.exec(text)?.[0] ?? '';
      if (found === '') throw syntaxErrorAt(text, at);
      return this.#add(T.SystemVariable, found.toLowerCase(), at, at + 2 + found.length);
    }
    const first = text.charCodeAt(at + 1);
    if (first === QUOTE || first === DOUBLE_QUOTE || first === BACKTICK) {
      const end = text.indexOf(text[at + 1], at + 2);
      if (end < 0) throw syntaxErrorAt(text, at);
      return this.#add(T.UserVariable, text.slice(at + 2, end).toLowerCase(), at, end + 1);
    }
    const name = /[\w$.]*/y;
    name.lastIndex = at + 1;
    const found = name.exec(text)?.[0] ?? '';
    return this.#add(T.UserVariable, found.toLowerCase(), at, at + 1 + found.length);
  }
}

/** Character sets that texts may be marked with. */
const INTRODUCERS = new Set('_utf8mb4 _utf8 _utf8mb3 _latin1 _binary _ascii _ucs2 _utf16 _utf32 _cp1252 _gbk _sjis'.split(' '));

/** What a backslash and a character stand for; \% and \_ keep it, for LIKE. */
function escaped(character: string): string {
  if (character === '%' || character === '_') return `\\${character}`;
  return ESCAPES[character] ?? character;
}

function hexOfBits(bits: string): string {
  const whole = bits.padStart(Math.ceil(bits.length / 8) * 8, '0');
  return whole.replace(/[01]{4}/g, (four) => Number.parseInt(four, 2).toString(16));
}
