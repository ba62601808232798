/**
 * Regular expressions as PostgreSQL's AREs are written, read into a tree: classes, escapes, groups, counted and lazy quantifiers,
 * anchors, word boundaries, embedded options. Back references and lookaround are refused (0A000): they do not run in linear time.
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { badParameter } from './errors.ts';

/** Code points from, to, from, to... */
export interface CharacterSet {
  readonly ranges: readonly number[];
  readonly negated: boolean;
}
export type Assertion = 'start' | 'end' | 'lineStart' | 'lineEnd' | 'wordStart' | 'wordEnd' | 'boundary' | 'noBoundary';

export type RegexNode =
  | { readonly kind: 'empty' }
  | { readonly kind: 'set'; readonly set: CharacterSet }
  | { readonly kind: 'assertion'; readonly assertion: Assertion }
  | { readonly kind: 'group'; readonly body: RegexNode; readonly number: number }
  | { readonly kind: 'sequence'; readonly parts: readonly RegexNode[] }
  | { readonly kind: 'choice'; readonly options: readonly RegexNode[] }
  | { readonly kind: 'repeat'; readonly body: RegexNode; readonly least: number; readonly most: number; readonly lazy: boolean };

export interface RegexOptions {
  ignoreCase: boolean;
  /** ^ and $ match at lines' ends too. */
  lines: boolean;
  /** . and [^...] do not match a newline. */
  dotStopsAtNewline: boolean;
  literal: boolean;
  expanded: boolean;
}

export interface ParsedRegex {
  readonly node: RegexNode;
  readonly groups: number;
  readonly options: RegexOptions;
}

const COUNT_MAX = 255;
const DEPTH_MAX = 500;
const POINT_MAX = 0x10ffff;

const invalid = (what: string): SqlError =>
  new SqlError(SQLSTATE.invalid_regular_expression, `invalid regular expression: ${what}`);
const refused = (what: string): SqlError =>
  new SqlError(SQLSTATE.feature_not_supported, `${what} in regular expressions are not supported`);

const DIGIT = [48, 57];
const SPACE = [9, 13, 32, 32];
const WORD = [
  48, 57, 65, 90, 95, 95, 97, 122, 0xaa, 0xaa, 0xb5, 0xb5, 0xba, 0xba, 0xc0, 0xd6, 0xd8, 0xf6, 0xf8, 0x2c1, 0x370, 0x373,
].concat([
  0x376, 0x377, 0x37b, 0x37d, 0x37f, 0x37f, 0x386, 0x386, 0x388, 0x3ff, 0x400, 0x481, 0x48a, 0x52f, 0x531, 0x556, 0x5d0, 0x5ea,
  0x620, 0x64a, 0x3040, 0x30ff, 0x4e00, 0x9fff, 0xac00, 0xd7a3,
]);
const LETTERS = WORD.slice(2, 4).concat(WORD.slice(6));
const CLASSES: { readonly [name: string]: readonly number[] } = {
  alpha: LETTERS,
  digit: DIGIT,
  alnum: DIGIT.concat(LETTERS),
  upper: [65, 90, 0xc0, 0xd6, 0xd8, 0xde],
  lower: [97, 122, 0xdf, 0xf6, 0xf8, 0xff],
  space: SPACE,
  blank: [9, 9, 32, 32],
  punct: [33, 47, 58, 64, 91, 96, 123, 126],
  cntrl: [0, 31, 127, 127],
  xdigit: [48, 57, 65, 70, 97, 102],
  print: [32, 126, 0xa0, POINT_MAX],
  graph: [33, 126, 0xa1, POINT_MAX],
  word: WORD,
};
const ESCAPED: { readonly [letter: string]: number } = { a: 7, b: 8, e: 27, f: 12, n: 10, r: 13, t: 9, v: 11, B: 92, 0: 0 };
const ASSERTIONS: { readonly [letter: string]: Assertion } = {
  A: 'start',
  Z: 'end',
  m: 'wordStart',
  M: 'wordEnd',
  y: 'boundary',
  Y: 'noBoundary',
};

/** Options by the letters of a flags argument or of `(?...)` at the start. */
export function applyFlags(options: RegexOptions, flags: string): void {
  for (const flag of flags) {
    switch (flag) {
      case 'i':
        options.ignoreCase = true;
        break;
      case 'c':
        options.ignoreCase = false;
        break;
      case 'n':
      case 'm':
        options.lines = options.dotStopsAtNewline = true;
        break;
      case 's':
        options.lines = options.dotStopsAtNewline = false;
        break;
      case 'p':
        options.lines = false;
        options.dotStopsAtNewline = true;
        break;
      case 'w':
        options.lines = true;
        options.dotStopsAtNewline = false;
        break;
      case 'q':
        options.literal = true;
        break;
      case 'x':
        options.expanded = true;
        break;
      case 't':
      case 'e':
        break;
      default:
        throw badParameter(`invalid regular expression option: "${flag}"`);
    }
  }
}

class Reader {
  readonly points: readonly string[];
  readonly options: RegexOptions;
  at = 0;
  groups = 0;
  depth = 0;

  constructor(pattern: string, options: RegexOptions) {
    this.points = [...pattern];
    this.options = options;
  }

  peek(ahead = 0): string | undefined {
    if (ahead === 0 && this.options.expanded) this.skipBlanks();
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
  if (atom.kind === 'assertion') throw invalid('quantifier operand invalid');
  const lazy = reader.peek() === '?';
  if (lazy) reader.at++;
  const after = reader.peek();
  if (after !== undefined && '*+?'.includes(after)) throw invalid('quantifier operand invalid');
  return { kind: 'repeat', body: atom, least: bounds[0], most: bounds[1], lazy };
}

function parseBounds(reader: Reader): [number, number] | null {
  const next = reader.peek();
  if (next === '*' || next === '+' || next === '?') {
    reader.at++;
    return [next === '+' ? 1 : 0, next === '?' ? 1 : Infinity];
  }
  if (next !== '{' || !/\d/.test(reader.peek(1) ?? '')) return null;
  const match = /^\{(\d+)(?:(,)(\d*))?\}/.exec(reader.points.slice(reader.at, reader.at + 12).join(''));
  if (match === null) throw invalid('invalid repetition count(s)');
  reader.at += match[0].length;
  const least = Number(match[1]);
  const most = match[2] === undefined ? least : match[3] === '' ? Infinity : Number(match[3]);
  if (least > COUNT_MAX || (most > COUNT_MAX && most !== Infinity) || least > most) throw invalid('invalid repetition count(s)');
  return [least, most];
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
    if (kind === '=' || kind === '!' || kind === '<') throw refused('lookahead and lookbehind');
    if (kind !== ':') throw invalid('quantifier operand invalid');
    reader.at += 2;
  } else number = ++reader.groups;
  const body = parseChoice(reader);
  if (reader.peek() !== ')') throw invalid('parentheses () not balanced');
  reader.at++;
  return number < 0 ? { kind: 'group', body, number: -1 } : { kind: 'group', body, number };
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
  if (/[1-9]/.test(letter)) throw refused('back references');
  const point = readEscapedPoint(reader);
  return setOf(point, point);
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
  if (letter === 'c') return pointOf(reader.points[reader.at++] ?? 'A') & 31;
  if (Object.hasOwn(ESCAPED, letter)) return ESCAPED[letter];
  if (/[A-Za-z\d]/.test(letter)) throw invalid('invalid escape \\ sequence');
  return pointOf(letter);
}

function complement(ranges: readonly number[]): number[] {
  const pairs: [number, number][] = [];
  for (let at = 0; at < ranges.length; at += 2) pairs.push([ranges[at], ranges[at + 1]]);
  pairs.sort((a, b) => a[0] - b[0]);
  const result: number[] = [];
  let next = 0;
  for (const [from, to] of pairs) {
    if (from > next) result.push(next, from - 1);
    next = Math.max(next, to + 1);
  }
  if (next <= POINT_MAX) result.push(next, POINT_MAX);
  return result;
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
