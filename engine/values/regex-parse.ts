/**
 * Regular expressions as PostgreSQL's AREs are written, read into a tree: classes, escapes, groups, counted and lazy quantifiers,
 * anchors, word boundaries, lookahead and lookbehind, back references, embedded options.
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { applyFlags, type RegexOptions } from './regex-options.ts';
import { type CharacterSet, CLASSES, complement, DIGIT, SPACE, WORD } from './regex-sets.ts';

export type Assertion = 'start' | 'end' | 'lineStart' | 'lineEnd' | 'wordStart' | 'wordEnd' | 'boundary' | 'noBoundary';

export type RegexNode =
  | { readonly kind: 'empty' }
  | { readonly kind: 'set'; readonly set: CharacterSet }
  | { readonly kind: 'assertion'; readonly assertion: Assertion }
  | { readonly kind: 'group'; readonly body: RegexNode; readonly number: number }
  | { readonly kind: 'sequence'; readonly parts: readonly RegexNode[] }
  | { readonly kind: 'choice'; readonly options: readonly RegexNode[] }
  | { readonly kind: 'look'; readonly body: RegexNode; readonly ahead: boolean; readonly negated: boolean }
  | ({ readonly kind: 'reference'; readonly number: number } & Bounds)
  | ({ readonly kind: 'repeat'; readonly body: RegexNode } & Bounds);

export interface Bounds {
  readonly least: number;
  readonly most: number;
  /** What it prefers; null, as {3}: what its body does. */
  readonly prefers: Preference | null;
}
export type Preference = 'longest' | 'shortest';

export interface ParsedRegex {
  readonly node: RegexNode;
  readonly groups: number;
  readonly options: RegexOptions;
}

const COUNT_MAX = 255;
const DEPTH_MAX = 500;

const invalid = (what: string): SqlError =>
  new SqlError(SQLSTATE.invalid_regular_expression, `invalid regular expression: ${what}`);
const ESCAPED: { readonly [letter: string]: number } = { a: 7, b: 8, e: 27, f: 12, n: 10, r: 13, t: 9, v: 11, B: 92 };
const ASSERTIONS: { readonly [letter: string]: Assertion } = {
  A: 'start',
  Z: 'end',
  m: 'wordStart',
  M: 'wordEnd',
  y: 'boundary',
  Y: 'noBoundary',
};

class Reader {
  readonly points: readonly string[];
  readonly options: RegexOptions;
  at = 0;
  groups = 0;
  /** Groups whose end has been read. */
  readonly closed = new Set<number>();
  depth = 0;
  /** Inside lookahead and lookbehind, where groups are not counted and nothing refers back. */
  looks = 0;

  constructor(pattern: string, options: RegexOptions) {
    this.points = [...pattern];
    this.options = options;
  }

  peek(ahead = 0): string | undefined {
    if (ahead === 0) {
      if (this.options.expanded) this.skipBlanks();
      this.skipRemarks();
    }
    return this.points[this.at + ahead];
  }
  skipBlanks(): void {
    for (;;) {
      const next = this.points[this.at];
      if (next !== undefined && /\s/.test(next)) this.at++;
      else if (next === '#') while (this.at < this.points.length && this.points[this.at] !== '\n') this.at++;
      else return;
    }
  }
  /** `(?#...)`, anywhere. */
  skipRemarks(): void {
    while (this.points[this.at] === '(' && this.points[this.at + 1] === '?' && this.points[this.at + 2] === '#') {
      while (this.at < this.points.length && this.points[this.at] !== ')') this.at++;
      this.at++;
      if (this.options.expanded) this.skipBlanks();
    }
  }
}

const setOf = (...ranges: number[]): RegexNode => ({ kind: 'set', set: { ranges, negated: false } });
const pointOf = (character: string): number => character.codePointAt(0) as number;

export function parseRegex(pattern: string, flags: string): ParsedRegex {
  const options = { ignoreCase: false, lines: false, dotStopsAtNewline: false, literal: false, expanded: false };
  applyFlags(options, flags);
  let text = pattern;
  if (text.startsWith('***=')) {
    options.literal = true;
    text = text.slice(4);
  } else if (text.startsWith('***:')) text = text.slice(4);
  else if (text.startsWith('***')) throw invalid('quantifier operand invalid');
  const embedded = options.literal ? null : /^\(\?([a-z]+)\)/.exec(text);
  if (embedded !== null) {
    applyFlags(options, embedded[1]);
    text = text.slice(embedded[0].length);
  }
  if (options.literal) {
    const parts = [...text].map((character) => setOf(pointOf(character), pointOf(character)));
    return { node: { kind: 'sequence', parts }, groups: 0, options };
  }
  const reader = new Reader(text, options);
  const node = parseChoice(reader);
  if (reader.peek() !== undefined) throw invalid('parentheses () not balanced');
  return { node, groups: reader.groups, options };
}

function parseChoice(reader: Reader): RegexNode {
  if (++reader.depth > DEPTH_MAX) throw new SqlError(SQLSTATE.statement_too_complex, 'regular expression is nested too deep');
  const options = [parseSequence(reader)];
  while (reader.peek() === '|') {
    reader.at++;
    options.push(parseSequence(reader));
  }
  reader.depth--;
  return options.length === 1 ? options[0] : { kind: 'choice', options };
}

function parseSequence(reader: Reader): RegexNode {
  const parts: RegexNode[] = [];
  for (;;) {
    const next = reader.peek();
    if (next === undefined || next === '|' || (next === ')' && reader.depth > 1)) break;
    if (next === ')') throw invalid('parentheses () not balanced');
    parts.push(parseQuantified(reader));
  }
  return parts.length === 1 ? parts[0] : parts.length === 0 ? { kind: 'empty' } : { kind: 'sequence', parts };
}

function parseQuantified(reader: Reader): RegexNode {
  const next = reader.peek() as string;
  if ('*+?'.includes(next) || (next === '{' && /\d/.test(reader.peek(1) ?? ''))) throw invalid('quantifier operand invalid');
  const atom = parseAtom(reader);
  const bounds = parseBounds(reader);
  if (bounds === null) return atom;
  if (atom.kind === 'assertion' || atom.kind === 'look') throw invalid('quantifier operand invalid');
  const [least, most, isFixed] = bounds;
  const lazy = reader.peek() === '?';
  if (lazy) reader.at++;
  const after = reader.peek();
  if (after !== undefined && '*+?'.includes(after)) throw invalid('quantifier operand invalid');
  const prefers = isFixed ? null : lazy ? 'shortest' : 'longest';
  if (atom.kind === 'reference') return { ...atom, least, most, prefers };
  return { kind: 'repeat', body: atom, least, most, prefers };
}

/** Least, most, and whether it is one number. */
function parseBounds(reader: Reader): [number, number, boolean] | null {
  const next = reader.peek();
  if (next === '*' || next === '+' || next === '?') {
    reader.at++;
    return [next === '+' ? 1 : 0, next === '?' ? 1 : Infinity, false];
  }
  if (next !== '{' || !/\d/.test(reader.peek(1) ?? '')) return null;
  const match = /^\{(\d+)(?:(,)(\d*))?\}/.exec(reader.points.slice(reader.at, reader.at + 12).join(''));
  if (match === null) throw invalid('invalid repetition count(s)');
  reader.at += match[0].length;
  const least = Number(match[1]);
  const most = match[2] === undefined ? least : match[3] === '' ? Infinity : Number(match[3]);
  if (least > COUNT_MAX || (most > COUNT_MAX && most !== Infinity) || least > most) throw invalid('invalid repetition count(s)');
  return [least, most, match[2] === undefined];
}

function parseAtom(reader: Reader): RegexNode {
  const character = reader.peek() as string;
  reader.at++;
  switch (character) {
    case '(':
      return parseGroup(reader);
    case '[':
      return parseBracket(reader);
    case '.':
      return reader.options.dotStopsAtNewline
        ? { kind: 'set', set: { ranges: [10, 10], negated: true } }
        : { kind: 'set', set: { ranges: [], negated: true } };
    case '^':
      return { kind: 'assertion', assertion: reader.options.lines ? 'lineStart' : 'start' };
    case '$':
      return { kind: 'assertion', assertion: reader.options.lines ? 'lineEnd' : 'end' };
    case '\\':
      return parseEscape(reader);
    default:
      return setOf(pointOf(character), pointOf(character));
  }
}

function parseGroup(reader: Reader): RegexNode {
  let number = -1;
  if (reader.points[reader.at] === '?') {
    const kind = reader.points[reader.at + 1];
    if (kind === '=' || kind === '!' || kind === '<') return parseLook(reader, kind);
    if (kind !== ':') throw invalid('quantifier operand invalid');
    reader.at += 2;
  } else if (reader.looks === 0) number = ++reader.groups;
  const body = parseChoice(reader);
  if (reader.peek() !== ')') throw invalid('parentheses () not balanced');
  reader.at++;
  if (number > 0) reader.closed.add(number);
  return { kind: 'group', body, number };
}

/** `(?=`, `(?!`, `(?<=`, `(?<!`: the reader stands at the `?`. */
function parseLook(reader: Reader, kind: string): RegexNode {
  const sign = kind === '<' ? reader.points[reader.at + 2] : kind;
  if (sign !== '=' && sign !== '!') throw invalid('quantifier operand invalid');
  reader.at += kind === '<' ? 3 : 2;
  reader.looks++;
  const body = parseChoice(reader);
  reader.looks--;
  if (reader.peek() !== ')') throw invalid('parentheses () not balanced');
  reader.at++;
  return { kind: 'look', body, ahead: kind !== '<', negated: sign === '!' };
}

function classOf(letter: string): CharacterSet | null {
  const ranges =
    letter === 'd' || letter === 'D'
      ? DIGIT
      : letter === 's' || letter === 'S'
        ? SPACE
        : letter === 'w' || letter === 'W'
          ? WORD
          : null;
  return ranges === null ? null : { ranges, negated: letter < 'a' };
}

function parseEscape(reader: Reader): RegexNode {
  const letter = reader.points[reader.at];
  if (letter === undefined) throw invalid('invalid escape \\ sequence');
  const set = classOf(letter);
  if (set !== null) {
    reader.at++;
    return { kind: 'set', set };
  }
  if (Object.hasOwn(ASSERTIONS, letter)) {
    reader.at++;
    return { kind: 'assertion', assertion: ASSERTIONS[letter] };
  }
  if (/[1-9]/.test(letter)) {
    const digits = /^\d+/.exec(reader.points.slice(reader.at, reader.at + 4).join(''))?.[0] ?? '';
    const number = Number(digits);
    if (digits.length === 1 || number <= reader.groups) return parseReference(reader, digits.length, number);
  }
  const point = readEscapedPoint(reader);
  return setOf(point, point);
}

function parseReference(reader: Reader, length: number, number: number): RegexNode {
  if (!reader.closed.has(number) || reader.looks > 0) throw invalid('invalid backreference number');
  reader.at += length;
  return { kind: 'reference', number, least: 1, most: 1, prefers: null };
}

function readEscapedPoint(reader: Reader): number {
  const letter = reader.points[reader.at++];
  const size = letter === 'u' ? 4 : letter === 'U' ? 8 : 0;
  if (size > 0 || letter === 'x') {
    const rest = reader.points.slice(reader.at, reader.at + (size > 0 ? size : 8)).join('');
    const match = (size > 0 ? new RegExp(`^[\\da-fA-F]{${size}}`) : /^[\da-fA-F]+/).exec(rest);
    if (match === null) throw invalid('invalid escape \\ sequence');
    reader.at += match[0].length;
    return Number.parseInt(match[0], 16);
  }
  if (/[0-7]/.test(letter)) {
    const octal = /^[0-7]{1,3}/.exec(reader.points.slice(reader.at - 1, reader.at + 2).join('')) as RegExpExecArray;
    reader.at += octal[0].length - 1;
    return Number.parseInt(octal[0], 8);
  }
  if (letter === 'c') return pointOf(reader.points[reader.at++] ?? 'A') & 31;
  if (Object.hasOwn(ESCAPED, letter)) return ESCAPED[letter];
  if (/[A-Za-z\d]/.test(letter)) throw invalid('invalid escape \\ sequence');
  return pointOf(letter);
}

function parseBracket(reader: Reader): RegexNode {
  const { points } = reader;
  if (points.slice(reader.at, reader.at + 6).join('') === '[:<:]]') {
    reader.at += 6;
    return { kind: 'assertion', assertion: 'wordStart' };
  }
  if (points.slice(reader.at, reader.at + 6).join('') === '[:>:]]') {
    reader.at += 6;
    return { kind: 'assertion', assertion: 'wordEnd' };
  }
  const ranges: number[] = [];
  const negated = points[reader.at] === '^';
  if (negated) reader.at++;
  for (let isFirst = true; ; isFirst = false) {
    const character = points[reader.at];
    if (character === undefined) throw invalid('brackets [] not balanced');
    if (character === ']' && !isFirst) break;
    readBracketItem(reader, ranges);
  }
  reader.at++;
  if (negated && reader.options.dotStopsAtNewline) ranges.push(10, 10);
  return { kind: 'set', set: { ranges, negated } };
}

function readBracketItem(reader: Reader, ranges: number[]): void {
  const { points } = reader;
  if (points[reader.at] === '[' && points[reader.at + 1] === ':') {
    const end = points.indexOf(']', reader.at);
    const name = points.slice(reader.at + 2, end - 1).join('');
    if (end < 0 || points[end - 1] !== ':' || !Object.hasOwn(CLASSES, name)) throw invalid('invalid character class');
    ranges.push(...CLASSES[name]);
    reader.at = end + 1;
    return;
  }
  if (points[reader.at] === '\\') {
    const set = classOf(points[reader.at + 1] ?? '');
    if (set !== null) {
      ranges.push(...(set.negated ? complement(set.ranges) : set.ranges));
      reader.at += 2;
      return;
    }
  }
  const from = readBracketPoint(reader);
  if (points[reader.at] !== '-' || points[reader.at + 1] === ']' || points[reader.at + 1] === undefined) {
    ranges.push(from, from);
    return;
  }
  reader.at++;
  const to = readBracketPoint(reader);
  if (to < from) throw invalid('invalid character range');
  ranges.push(from, to);
}
function readBracketPoint(reader: Reader): number {
  const { points } = reader;
  if (points[reader.at] === '[' && (points[reader.at + 1] === '.' || points[reader.at + 1] === '=')) {
    const [, kind, point, second, close] = points.slice(reader.at, reader.at + 5);
    if (point === undefined || second !== kind || close !== ']') throw invalid('invalid collating element');
    reader.at += 5;
    return pointOf(point);
  }
  if (points[reader.at] === '\\') {
    reader.at++;
    if (points[reader.at] === undefined) throw invalid('brackets [] not balanced');
    return readEscapedPoint(reader);
  }
  return pointOf(points[reader.at++]);
}
