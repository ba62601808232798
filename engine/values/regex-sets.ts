/**
 * Sets of characters of regular expressions, and the symbols into which an expression parts all characters: two characters that no set
 * of it tells apart are one symbol, so that an automaton has a column for each symbol and not for each character (SBLR-G7).
 */

/** Code points from, to, from, to... */
export interface CharacterSet {
  readonly ranges: readonly number[];
  readonly negated: boolean;
}

export const POINT_MAX = 0x10ffff;

export const DIGIT = [48, 57];
export const SPACE = [9, 13, 32, 32];
export const WORD = [
  48, 57, 65, 90, 95, 95, 97, 122, 0xaa, 0xaa, 0xb5, 0xb5, 0xba, 0xba, 0xc0, 0xd6, 0xd8, 0xf6, 0xf8, 0x2c1, 0x370, 0x373,
].concat([
  0x376, 0x377, 0x37b, 0x37d, 0x37f, 0x37f, 0x386, 0x386, 0x388, 0x3ff, 0x400, 0x481, 0x48a, 0x52f, 0x531, 0x556, 0x5d0, 0x5ea,
  0x620, 0x64a, 0x3040, 0x30ff, 0x4e00, 0x9fff, 0xac00, 0xd7a3,
]);
const LETTERS = WORD.slice(2, 4).concat(WORD.slice(6));
export const CLASSES: { readonly [name: string]: readonly number[] } = {
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

/** Ranges in order, none touching another. */
export function ordered(ranges: readonly number[]): number[] {
  const pairs: [number, number][] = [];
  for (let at = 0; at < ranges.length; at += 2) pairs.push([ranges[at], ranges[at + 1]]);
  pairs.sort((a, b) => a[0] - b[0]);
  const result: number[] = [];
  for (const [from, to] of pairs) {
    if (result.length > 0 && from <= result[result.length - 1] + 1) {
      result[result.length - 1] = Math.max(result[result.length - 1], to);
    } else result.push(from, to);
  }
  return result;
}

/** All other characters. */
export function complement(ranges: readonly number[]): number[] {
  const result: number[] = [];
  let next = 0;
  const list = ordered(ranges);
  for (let at = 0; at < list.length; at += 2) {
    if (list[at] > next) result.push(next, list[at] - 1);
    next = list[at + 1] + 1;
  }
  if (next <= POINT_MAX) result.push(next, POINT_MAX);
  return result;
}

/** Characters beyond ASCII whose other case is one character too, in pairs; made when first needed. */
let pairsOfCase: number[] | null = null;
const LAST_WITH_CASE = 0x1e943;

function casePairs(): readonly number[] {
  if (pairsOfCase !== null) return pairsOfCase;
  const list: number[] = [];
  for (let point = 128; point <= LAST_WITH_CASE; point++) {
    if (point === 0xd800) point = 0xe000;
    for (const other of otherCases(point)) list.push(point, other);
  }
  pairsOfCase = list;
  return list;
}

function otherCases(point: number): number[] {
  const character = String.fromCodePoint(point);
  const found: number[] = [];
  for (const other of [character.toLowerCase(), character.toUpperCase()]) {
    const code = other.codePointAt(0) as number;
    if (code !== point && other.length === String.fromCodePoint(code).length) found.push(code);
  }
  return found;
}

const FEW = 64;

/** With the other case of each character. */
function inBothCases(ranges: readonly number[]): number[] {
  const result = [...ranges];
  for (let at = 0; at < ranges.length; at += 2) {
    const [from, to] = [ranges[at], ranges[at + 1]];
    if (to - from < FEW || to < 128) {
      for (let point = from; point <= to; point++) for (const other of otherCases(point)) result.push(other, other);
      continue;
    }
    for (let point = from; point < 128; point++) for (const other of otherCases(point)) result.push(other, other);
    const pairs = casePairs();
    for (let pair = 0; pair < pairs.length; pair += 2) {
      if (pairs[pair] >= from && pairs[pair] <= to) result.push(pairs[pair + 1], pairs[pair + 1]);
    }
  }
  return result;
}

/** The characters of a set, in order. */
export function membersOf({ ranges, negated }: CharacterSet, ignoreCase: boolean): readonly number[] {
  const all = ordered(ignoreCase ? inBothCases(ranges) : ranges);
  return negated ? complement(all) : all;
}

/** What stands beside a place in a text: its end, a newline, a character of a word, another one. */
export const EDGE = 0;
export const NEWLINE = 1;
export const WORD_CHARACTER = 2;
export const OTHER = 3;

/** How an expression parts characters into symbols; the symbol behind the last one is the end of the text. */
export interface Alphabet {
  readonly symbols: number;
  /** Symbol of each ASCII character. */
  readonly ascii: Uint8Array | Uint16Array;
  /** First code points of stretches of one symbol, and these symbols. */
  readonly starts: Int32Array;
  readonly stretches: Uint16Array;
  /** By symbol: EDGE .. OTHER. */
  readonly kinds: Uint8Array;
}

/** The alphabet of these sets, and by set which symbols are in it. */
export function alphabetOf(sets: readonly (readonly number[])[]): { alphabet: Alphabet; members: Uint8Array[] } {
  const all = [...sets, [10, 10], ordered(WORD)];
  const cuts = new Set<number>([0]);
  for (const set of all) {
    for (let at = 0; at < set.length; at += 2) {
      cuts.add(set[at]);
      if (set[at + 1] < POINT_MAX) cuts.add(set[at + 1] + 1);
    }
  }
  const starts = [...cuts].sort((a, b) => a - b);
  const places = all.map(() => 0);
  const bySignature = new Map<string, number>();
  const signatures: boolean[][] = [];
  const stretches = starts.map((start) => {
    const signature = all.map((set, index) => {
      while (places[index] < set.length && set[places[index] + 1] < start) places[index] += 2;
      return places[index] < set.length && set[places[index]] <= start;
    });
    const key = signature.map((isIn) => (isIn ? '1' : '0')).join('');
    let symbol = bySignature.get(key);
    if (symbol === undefined) {
      symbol = signatures.length;
      bySignature.set(key, symbol);
      signatures.push(signature);
    }
    return symbol;
  });
  const symbols = signatures.length;
  const members = sets.map((_, index) => Uint8Array.from(signatures, (signature) => (signature[index] ? 1 : 0)));
  const kinds = Uint8Array.from([
    ...signatures.map((one) => (one[sets.length] ? NEWLINE : one[sets.length + 1] ? WORD_CHARACTER : OTHER)),
    EDGE,
  ]);
  const alphabet = { symbols, starts: Int32Array.from(starts), stretches: Uint16Array.from(stretches), kinds };
  const ascii = Uint16Array.from({ length: 128 }, (_, point) => searched(alphabet.starts, alphabet.stretches, point));
  return { alphabet: { ...alphabet, ascii: symbols < 256 ? Uint8Array.from(ascii) : ascii }, members };
}

function searched(starts: Int32Array, stretches: Uint16Array, point: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (starts[middle] <= point) low = middle;
    else high = middle - 1;
  }
  return stretches[low];
}

/** Symbol of a code point. */
export const symbolOf = (alphabet: Alphabet, point: number): number =>
  point < 128 ? alphabet.ascii[point] : searched(alphabet.starts, alphabet.stretches, point);
