/**
 * PostgreSQL's lexer (scan.l): one statement's tokens, each with its ordinal, place and value; parentheses know their partner.
 *
 * Two-word tokens are joined as PostgreSQL's filter does it (parser.c): NOT before IN is another token than NOT, so that the
 * grammar needs to look one token ahead only.
 */

import { EOF, type TokenType } from 'chevrotain';
import { syntaxError } from '../../engine/sblr/parse-error.ts';
import type { ParseSettings } from '../../plugins/contract/contract.ts';
import { DIGIT, foldLower, hasFlag, IDENTIFIER_START, isIdentifierStart, OPERATOR, wordEnd } from '../kit/characters.ts';
import { blankEnd, commentStart, UNFINISHED } from '../kit/scan.ts';
import { SqlToken } from '../kit/token.ts';
import { CHARACTERS, operatorEnd } from './characters.ts';
import { lexicalError } from './errors.ts';
import { FIRST_PLACEHOLDER, LAST_PLACEHOLDER } from './lifted.ts';
import { numberEnd, plainNumber } from './numbers.ts';
import { dollarString, prefixedString, quotedName, type StringPiece, stringLiteral } from './quoted.ts';
import * as T from './tokens.ts';

export interface Lexed {
  /** Of one statement; the last is of type EOF and stands for the semicolon or the end of the text. */
  readonly tokens: SqlToken[];
  /** Behind the semicolon, or the end of the text. */
  readonly end: number;
}

const SEMICOLON = 59;
const QUOTE = 39;
const DOUBLE_QUOTE = 34;
const DOLLAR = 36;
const POINT = 46;
const COLON = 58;
const AT_SIGN = 64;
const ASCII = 128;

const ONE_CHARACTER: { readonly [character: string]: TokenType } = {
  ...{ '(': T.LeftParen, ')': T.RightParen, '[': T.LeftBracket, ']': T.RightBracket, ',': T.Comma, '.': T.Dot, ':': T.Colon },
};

const OPERATORS: { readonly [operator: string]: TokenType } = {
  ...{ '+': T.Plus, '-': T.Minus, '*': T.Star, '/': T.Slash, '%': T.Percent, '^': T.Caret, '<': T.Less, '>': T.Greater },
  ...{ '=': T.Equal, '<=': T.LessEqual, '>=': T.GreaterEqual, '<>': T.NotEqual, '!=': T.NotEqual, '=>': T.EqualGreater },
};

const OPERATOR_CHARACTERS_MAX = 63;

/** Words that make another token of the word in front of them. */
const FOLLOWERS = new Map<TokenType, { readonly words: readonly string[]; readonly type: TokenType }>([
  [T.K.NOT, { words: ['between', 'in', 'like', 'ilike', 'similar'], type: T.NotOperator }],
  [T.K.NULLS, { words: ['first', 'last'], type: T.NullsOrder }],
  [T.K.WITH, { words: ['time', 'ordinality'], type: T.WithTime }],
  [T.K.WITHOUT, { words: ['time'], type: T.WithoutTime }],
]);

/** Lexes the statement that begins at `start`. `normalised`: control characters are lifted literals. */
export function lexStatement(text: string, start: number, settings: ParseSettings, normalised: boolean): Lexed {
  return new Lexer(text, settings, normalised).statement(start);
}

class Lexer {
  private readonly text: string;
  private readonly settings: ParseSettings;
  private readonly normalised: boolean;
  private readonly tokens: SqlToken[] = [];
  private readonly open: SqlToken[] = [];
  private brackets = 0;
  /** Words that END is still to close: of BEGIN ATOMIC, and of CASE inside. Semicolons in between are tokens. */
  private atomic = 0;

  constructor(text: string, settings: ParseSettings, normalised: boolean) {
    this.text = text;
    this.settings = settings;
    this.normalised = normalised;
  }

  statement(start: number): Lexed {
    const { text } = this;
    let at = start;
    for (;;) {
      const begin = blankEnd(text, at, CHARACTERS);
      if (begin === UNFINISHED) {
        const comment = commentStart(text, at, CHARACTERS);
        throw lexicalError('unterminated /* comment', text.slice(comment), comment);
      }
      if (begin >= text.length) return this.finish(text.length, text.length, '');
      const code = text.charCodeAt(begin);
      if (code === SEMICOLON && this.atomic === 0) return this.finish(begin, begin + 1, ';');
      at = this.token(begin, code);
    }
  }

  private finish(at: number, end: number, image: string): Lexed {
    this.add(EOF, image, at, at);
    return { tokens: this.tokens, end };
  }

  private add(type: TokenType, value: string, start: number, end: number, quoted = false): SqlToken {
    const image = type === EOF ? value : this.text.slice(start, end);
    const token = new SqlToken(type, image, value, start, end, this.tokens.length, quoted);
    this.tokens.push(token);
    return token;
  }

  /** Adds the token at `begin`; returns where it ends. */
  private token(begin: number, code: number): number {
    if (code >= ASCII || (CHARACTERS[code] & IDENTIFIER_START) !== 0) return this.word(begin, code);
    const flags = CHARACTERS[code];
    const { text } = this;
    if ((flags & DIGIT) !== 0) return this.number(begin);
    if (code === QUOTE) return this.string(stringLiteral(text, begin, !this.settings.standardStrings));
    if (code === COLON) return this.colon(begin);
    if (code === POINT && hasFlag(CHARACTERS, text.charCodeAt(begin + 1), DIGIT)) return this.number(begin);
    const type = ONE_CHARACTER[text[begin]];
    if (type !== undefined) return this.punctuation(type, begin);
    if ((flags & OPERATOR) !== 0) return this.operator(begin, code);
    if (code === DOUBLE_QUOTE) return this.quotedIdentifier(begin);
    if (code === DOLLAR) return this.dollar(begin);
    const isLifted = this.normalised && code >= FIRST_PLACEHOLDER && code <= LAST_PLACEHOLDER;
    this.add(isLifted ? T.LiftedLiteral : T.Stray, code === SEMICOLON ? ';' : '', begin, begin + 1);
    return begin + 1;
  }

  private word(begin: number, code: number): number {
    const { text } = this;
    const next = text.charCodeAt(begin + 1);
    if (next === QUOTE || (next === 38 && (code | 32) === 117)) {
      const piece = prefixedString(text, begin, this.settings);
      if (piece !== null) return this.string(piece);
    }
    const end = wordEnd(text, begin, CHARACTERS);
    const value = foldLower(text.slice(begin, end));
    const type = T.KEYWORD_TYPES.get(value);
    if (this.atomic > 0) this.atomic += value === 'case' ? 1 : value === 'end' ? -1 : 0;
    else if (value === 'atomic' && this.tokens.at(-1)?.tokenType === T.K.BEGIN && this.tokens.length > 5) this.atomic = 1;
    this.joinWithLast(value);
    this.add(type ?? T.Identifier, value, begin, end);
    return end;
  }

  /** NOT and the like become another token when a certain word follows. */
  private joinWithLast(word: string): void {
    const last = this.tokens.at(-1);
    const follower = last === undefined ? undefined : FOLLOWERS.get(last.tokenType);
    if (last === undefined || follower === undefined || !follower.words.includes(word)) return;
    this.tokens.pop();
    this.add(follower.type, last.value, last.startOffset, last.end);
  }

  private number(begin: number): number {
    const end = numberEnd(this.text, begin);
    const value = plainNumber(this.text.slice(begin, end));
    this.add(/^[0-9]+$/.test(value) ? T.IntegerLiteral : T.DecimalLiteral, value, begin, end);
    return end;
  }

  private string(piece: StringPiece): number {
    this.add(piece.type, piece.value, piece.start, piece.end, piece.type === T.Identifier);
    return piece.end;
  }

  private quotedIdentifier(begin: number): number {
    return this.string(quotedName(this.text, begin));
  }

  private punctuation(type: TokenType, begin: number): number {
    if (type === T.Dot && this.text.charCodeAt(begin + 1) === POINT) {
      this.add(T.Stray, '..', begin, begin + 2);
      return begin + 2;
    }
    const token = this.add(type, '', begin, begin + 1);
    if (type === T.LeftParen) this.open.push(token);
    else if (type === T.RightParen) {
      const partner = this.open.pop();
      if (partner !== undefined) partner.match = token.ordinal;
    } else if (type === T.LeftBracket) this.brackets++;
    else if (type === T.RightBracket) this.brackets--;
    return begin + 1;
  }

  private colon(begin: number): number {
    const next = this.text.charCodeAt(begin + 1);
    const type = next === COLON ? T.TypeCast : next === 61 ? T.ColonEqual : T.Colon;
    // Inside brackets a colon parts the bounds of a slice.
    if (type === T.Colon && this.brackets === 0) {
      const end = this.namedParameter(begin, begin + 1);
      if (end !== UNFINISHED) return end;
    }
    const end = begin + (type === T.Colon ? 1 : 2);
    this.add(type, '', begin, end);
    return end;
  }

  /** The parameter whose name begins at `from`, or UNFINISHED when none does. */
  private namedParameter(begin: number, from: number): number {
    if (!this.settings.namedParameters || !isIdentifierStart(CHARACTERS, this.text.charCodeAt(from))) return UNFINISHED;
    const end = wordEnd(this.text, from, CHARACTERS);
    this.add(T.NamedParameter, this.text.slice(from, end), begin, end);
    return end;
  }

  private operator(begin: number, code: number): number {
    const { text } = this;
    const end = operatorEnd(text, begin);
    if (code === AT_SIGN && end === begin + 1) {
      const parameterEnd = this.namedParameter(begin, end);
      if (parameterEnd !== UNFINISHED) return parameterEnd;
    }
    if (end - begin > OPERATOR_CHARACTERS_MAX) throw syntaxError('operator too long', begin);
    const image = text.slice(begin, end);
    this.add(OPERATORS[image] ?? T.NamedOperator, image === '!=' ? '<>' : image, begin, end);
    return end;
  }

  /** $1, $tag$...$tag$, $name. */
  private dollar(begin: number): number {
    const { text } = this;
    if (hasFlag(CHARACTERS, text.charCodeAt(begin + 1), DIGIT)) {
      let end = begin + 2;
      while (hasFlag(CHARACTERS, text.charCodeAt(end), DIGIT)) end++;
      if (isIdentifierStart(CHARACTERS, text.charCodeAt(end))) {
        throw lexicalError('trailing junk after parameter', text.slice(begin, end + 1), begin);
      }
      this.add(T.Parameter, text.slice(begin + 1, end), begin, end);
      return end;
    }
    const piece = dollarString(text, begin);
    if (piece !== null) return this.string(piece);
    const parameterEnd = this.namedParameter(begin, begin + 1);
    if (parameterEnd !== UNFINISHED) return parameterEnd;
    this.add(T.Stray, '$', begin, begin + 1);
    return begin + 1;
  }
}
