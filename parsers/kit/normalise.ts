/**
 * The normalising scanner (SBLR-N1): lifts literals out of one statement, so that statements which differ in values only share one
 * entry of the statement cache. Driven by the dialect's lexical table.
 *
 *   select name from item where id = 42 and kind = 'a'   -- comment
 *   select name from item where id = ▪ and kind = ▪        literals 42 'a'
 *
 * A literal is lifted only where an expression certainly expects one: behind an operator, a comma, an opening parenthesis or one of
 * the dialect's words. Nothing is lifted in clauses and parentheses where its value would change what the statement means or how
 * it is planned (positions in ORDER BY, modifiers of types, typed literals). On anything the table does not know: null.
 *
 * Hot: it runs for every statement. One pass, integers and slices, no regular expressions.
 */

import type { LiftedLiteral, LiteralClass, NormalisedText } from '../../plugins/contract/contract.ts';
import { DIGIT, IDENTIFIER_START, isIdentifierStart, OPERATOR, wordEnd } from './characters.ts';
import { blankEnd, quotedEnd, UNFINISHED } from './scan.ts';

/** What a word means to the scanner; a word may mean several things. */
export const WORD = {
  /** A literal may stand behind it. */
  expects: 1,
  /** What stands in parentheses behind it stays. */
  keepsParentheses: 2,
  /** From here to the end of the clause everything stays. */
  keepsClause: 4,
  /** A clause ends in front of it. */
  endsClause: 8,
  /** Statements that are normalised begin with it. */
  begins: 16,
} as const;

export interface LexicalTable {
  readonly characters: Uint8Array;
  /** Words in lower case -> WORD flags. */
  readonly words: ReadonlyMap<string, number>;
  /** Behind the operator at `from`. */
  operatorEnd(text: string, from: number): number;
  /** Operators behind which a sign belongs to the number. */
  readonly comparisons: ReadonlySet<string>;
  /** Letters that make a string of another kind when they stand directly in front of it. */
  readonly prefixes: string;
  /** Behind the number at `from`, of any form; UNFINISHED: no number. */
  numberEnd(text: string, from: number): number;
  /** Behind what begins with a dollar sign, or UNFINISHED. */
  dollarEnd(text: string, from: number): number;
  /** Whether a string goes on behind the blanks at `from`. */
  continues(text: string, from: number): boolean;
  readonly placeholders: { readonly [kind in LiteralClass]: string };
}

/** What the token before was: whether a literal, or a signed number, may follow. */
const NOTHING = 0;
const LITERAL_FITS = 1;
const SIGN_FITS = 2;

const SPACE = 32;
const DOUBLE_QUOTE = 34;
const QUOTE = 39;
const OPEN = 40;
const CLOSE = 41;
const COMMA = 44;
const MINUS = 45;
const POINT = 46;
const COLON = 58;
const SEMICOLON = 59;
const BRACKET_OPEN = 91;
const BRACKET_CLOSE = 93;
const DOLLAR = 36;
const NO_REGION = -1;

const INT4_DIGITS = 9;
const SAFE_DIGITS = 15;
const INT4_MAX = 2147483647;
const INT4_MIN = -2147483648;
const INT8_MAX = 9223372036854775807n;
const INT8_MIN = -9223372036854775808n;

/** Scanners are used again: one per table and thread. */
export class Normaliser {
  private readonly table: LexicalTable;
  /** By length and first letter: whether a word may be one of the table's. */
  private readonly mayMatter = new Uint8Array(32 * 32);

  private text = '';
  private out = '';
  private literals: LiftedLiteral[] = [];
  /** Text before this is in `out`. */
  private copied = 0;
  private depth = 0;
  private brackets = 0;
  private before = NOTHING;
  /** Depth at which a region begins in which everything stays. */
  private region = NO_REGION;
  private regionIsClause = false;
  private keepsNext = false;
  /** Behind a cast: words and parentheses are a type. */
  private inType = false;

  constructor(table: LexicalTable) {
    this.table = table;
    for (const word of table.words.keys()) this.mayMatter[slotOf(word.length, word.charCodeAt(0))] = 1;
  }

  /** Normalises the statement that begins at `start`. */
  normalise(text: string, start: number): NormalisedText | null {
    this.text = text;
    this.out = '';
    this.literals = [];
    this.depth = 0;
    this.brackets = 0;
    this.before = NOTHING;
    this.region = NO_REGION;
    this.keepsNext = false;
    this.inType = false;
    const begin = blankEnd(text, start, this.table.characters);
    if (begin === UNFINISHED || !this.mayBegin(begin)) return null;
    this.copied = begin;
    const end = this.scan(begin);
    if (end === UNFINISHED) return null;
    const result = { text: this.out, literals: this.literals, end };
    this.text = '';
    return result;
  }

  private mayBegin(begin: number): boolean {
    const code = this.text.charCodeAt(begin);
    if (code === OPEN) return true;
    if (!isIdentifierStart(this.table.characters, code)) return false;
    return (this.wordFlags(begin, wordEnd(this.text, begin, this.table.characters)) & WORD.begins) !== 0;
  }

  /** Scans to the end of the statement; returns where the next may begin, or UNFINISHED. */
  private scan(begin: number): number {
    const { text } = this;
    const { characters } = this.table;
    let at = begin;
    while (at < text.length) {
      const code = text.charCodeAt(at);
      if (code >= 128 || (characters[code] & IDENTIFIER_START) !== 0) at = this.word(at);
      else if (code === SPACE && isPlain(characters, text.charCodeAt(at + 1))) at++;
      else if ((characters[code] & DIGIT) !== 0) at = this.number(at, at);
      else if (code === SEMICOLON) {
        this.flush(at);
        return at + 1;
      } else at = this.other(at, code);
      if (at === UNFINISHED) return UNFINISHED;
    }
    this.flush(text.length);
    return text.length;
  }

  private flush(at: number): void {
    if (at > this.copied) this.out += this.text.slice(this.copied, at);
    this.copied = at;
  }

  private other(at: number, code: number): number {
    const { text, table } = this;
    switch (code) {
      case OPEN:
        this.open();
        return at + 1;
      case CLOSE:
        this.close();
        return at + 1;
      case COMMA:
        this.inType = false;
        this.before = LITERAL_FITS | SIGN_FITS;
        return at + 1;
      case QUOTE:
        return this.string(at);
      case DOUBLE_QUOTE:
        this.before = NOTHING;
        return quotedEnd(text, at, DOUBLE_QUOTE, false);
      case COLON:
        return this.colon(at);
      case BRACKET_OPEN:
      case BRACKET_CLOSE:
        this.brackets += code === BRACKET_OPEN ? 1 : -1;
        this.before = NOTHING;
        return at + 1;
      case POINT:
        return this.point(at);
      case DOLLAR:
        this.before = NOTHING;
        return table.dollarEnd(text, at);
      default:
        return this.blankOrOperator(at, code);
    }
  }

  private blankOrOperator(at: number, code: number): number {
    const { text, table } = this;
    const end = blankEnd(text, at, table.characters);
    if (end === UNFINISHED) return UNFINISHED;
    if (end > at) {
      this.flush(at);
      this.copied = end;
      if (end < text.length && text.charCodeAt(end) !== SEMICOLON) this.out += ' ';
      return end;
    }
    if (code >= 128 || (table.characters[code] & OPERATOR) === 0) return UNFINISHED;
    return this.operator(at, code);
  }

  private operator(at: number, code: number): number {
    const { text, table } = this;
    const end = table.operatorEnd(text, at);
    this.inType = false;
    this.keepsNext = false;
    if (code === MINUS && end === at + 1 && (this.before & SIGN_FITS) !== 0 && this.isDigit(end)) return this.number(at, end);
    this.before = LITERAL_FITS | (table.comparisons.has(text.slice(at, end)) ? SIGN_FITS : 0);
    return end;
  }

  private isDigit(at: number): boolean {
    const code = this.text.charCodeAt(at);
    return code < 128 && (this.table.characters[code] & DIGIT) !== 0;
  }

  private open(): void {
    if ((this.keepsNext || this.inType) && this.region === NO_REGION) {
      this.region = this.depth;
      this.regionIsClause = false;
    }
    this.keepsNext = false;
    this.inType = false;
    this.depth++;
    this.before = LITERAL_FITS | SIGN_FITS;
  }

  private close(): void {
    this.depth--;
    this.inType = false;
    this.before = NOTHING;
    const isOver = this.regionIsClause ? this.depth < this.region : this.depth <= this.region;
    if (this.region !== NO_REGION && isOver) this.region = NO_REGION;
  }

  private word(at: number): number {
    const { text, table } = this;
    const end = wordEnd(text, at, table.characters);
    const next = text.charCodeAt(end);
    // E'...', U&'...': strings of other kinds are not lifted, and their rules are not known here.
    if (next === QUOTE && end === at + 1 && table.prefixes.includes(text[at])) return UNFINISHED;
    if (next === 38 && end === at + 1 && isUnicodePrefix(text, end)) return UNFINISHED;
    const flags = this.wordFlags(at, end);
    this.before = NOTHING;
    this.keepsNext = false;
    if (flags !== 0) this.meaning(flags);
    return end;
  }

  private wordFlags(at: number, end: number): number {
    const { text } = this;
    const length = end - at;
    if (length > 31 || this.mayMatter[slotOf(length, text.charCodeAt(at))] === 0) return 0;
    const word = text.slice(at, end);
    return this.table.words.get(word) ?? this.table.words.get(word.toLowerCase()) ?? 0;
  }

  private meaning(flags: number): void {
    if ((flags & WORD.endsClause) !== 0 && this.regionIsClause && this.depth === this.region) this.region = NO_REGION;
    if ((flags & WORD.expects) !== 0) {
      this.inType = false;
      this.before = LITERAL_FITS | SIGN_FITS;
    }
    if ((flags & WORD.keepsParentheses) !== 0) this.keepsNext = true;
    if ((flags & WORD.keepsClause) !== 0 && this.region === NO_REGION) {
      this.region = this.depth;
      this.regionIsClause = true;
    }
  }

  private colon(at: number): number {
    if (this.text.charCodeAt(at + 1) === COLON) {
      this.inType = true;
      this.before = NOTHING;
      return at + 2;
    }
    // :name is a word with a colon; := is followed by a value.
    this.before = this.text.charCodeAt(at + 1) === 61 ? LITERAL_FITS : NOTHING;
    return this.text.charCodeAt(at + 1) === 61 ? at + 2 : at + 1;
  }

  private point(at: number): number {
    this.before = NOTHING;
    return this.isDigit(at + 1) ? this.table.numberEnd(this.text, at) : at + 1;
  }

  /** Whether the literal that ends at `end` is lifted: where it stands, and what follows. */
  private isLifted(end: number): boolean {
    if ((this.before & LITERAL_FITS) === 0 || this.region !== NO_REGION || this.brackets !== 0 || this.inType) return false;
    const { text } = this;
    let behind = end;
    while (text.charCodeAt(behind) <= SPACE) behind++;
    const next = text.charCodeAt(behind);
    // A cast reads a literal by its type; a subscript binds tighter than a sign.
    return next !== COLON && next !== BRACKET_OPEN && next !== DOUBLE_QUOTE;
  }

  private lift(at: number, end: number, literal: LiftedLiteral): number {
    this.flush(at);
    this.out += this.table.placeholders[literal.class];
    this.literals.push(literal);
    this.copied = end;
    this.before = NOTHING;
    return end;
  }

  /** A number whose digits begin at `digits`, with a sign in front when `at` is before that. */
  private number(at: number, digits: number): number {
    const { text, table } = this;
    let end = digits;
    while (this.isDigit(end)) end++;
    let isDecimal = false;
    if (text.charCodeAt(end) === POINT) {
      isDecimal = true;
      end++;
      while (this.isDigit(end)) end++;
    }
    const next = text.charCodeAt(end);
    if (next === POINT || isIdentifierStart(table.characters, next)) {
      this.before = NOTHING;
      return table.numberEnd(text, digits);
    }
    if (!this.isLifted(end)) {
      this.before = NOTHING;
      return end;
    }
    return this.lift(at, end, isDecimal ? decimal(text, at, end) : integer(text, at, end, digits));
  }

  private string(at: number): number {
    const { text, table } = this;
    const end = quotedEnd(text, at, QUOTE, false);
    if (end === UNFINISHED || table.continues(text, end)) return UNFINISHED;
    // Behind a parenthesis a string may make a type of what is in it.
    if (this.before === NOTHING && this.isBehindParenthesis(at)) return UNFINISHED;
    if (!this.isLifted(end)) {
      this.before = NOTHING;
      return end;
    }
    const content = text.slice(at + 1, end - 1);
    const value = content.includes("'") ? content.replaceAll("''", "'") : content;
    return this.lift(at, end, { class: 'string', value });
  }

  private isBehindParenthesis(at: number): boolean {
    let before = at - 1;
    while (before > 0 && this.text.charCodeAt(before) <= SPACE) before--;
    return this.text.charCodeAt(before) === CLOSE;
  }
}

/** A single blank in front of it needs no collapsing. */
const isPlain = (characters: Uint8Array, code: number): boolean =>
  code >= 128 || (code > SPACE && code !== MINUS && code !== 47 && code !== SEMICOLON && (characters[code] & 1) === 0);

const isUnicodePrefix = (text: string, ampersand: number): boolean => {
  const quote = text.charCodeAt(ampersand + 1);
  return (text.charCodeAt(ampersand - 1) | 32) === 117 && (quote === QUOTE || quote === DOUBLE_QUOTE);
};

const slotOf = (length: number, first: number): number => (length & 31) * 32 + (first & 31);

function integer(text: string, at: number, end: number, digits: number): LiftedLiteral {
  const value = Number(text.slice(at, end));
  if (end - digits <= INT4_DIGITS || (value <= INT4_MAX && value >= INT4_MIN)) return { class: 'int4', value };
  if (end - digits <= SAFE_DIGITS) return { class: 'int8', value };
  const exact = BigInt(text.slice(at, end));
  if (exact > INT8_MAX || exact < INT8_MIN) return { class: 'numeric', value: exact.toString() };
  return { class: 'int8', value: Number.isSafeInteger(value) ? value : exact };
}

/** Decimal text as values of numeric have it: no point without digits behind it, no zeros in front. */
function decimal(text: string, at: number, end: number): LiftedLiteral {
  const written = text.slice(at, text.charCodeAt(end - 1) === POINT ? end - 1 : end);
  return { class: 'numeric', value: written.replace(/^(-?)0+(?=\d)/, '$1') };
}
