/**
 * Sorting by keys of a few words that do not differ by much, as partitions, numbers of rows and dates do: what each word has above its
 * least value takes some bits, and where those of all words are 32 at most, a key is one word. It is sorted by its digits, the last one
 * first, together with the number of its row. Of equal keys the row with the lower number comes first.
 *
 *   key   00 00 03 e7 | 80 0f 42 3f     least 00 00 00 01 | 80 00 00 00      packed (03e6 << 20) | 0f423f
 *
 * Hot file: typed arrays, no objects a row.
 */

const WORD_BYTES = 4;
const WORDS_MAX = 4;
const WORD_BITS = 32;
/** With more each pass takes longer than it saves. */
const DIGIT_BITS = 11;

export interface PackedKeys {
  /** Numbers of the rows, in order. */
  readonly order: Int32Array;
  /** Their keys. */
  readonly words: Uint32Array;
  /** Bits that each word of a key takes. */
  readonly bits: readonly number[];
}

/** Rows 1 to `count`, the key of row n from ends[n - 1] to ends[n]; null: their keys are not of this kind. */
export function packedOrder(keys: Uint8Array, ends: Int32Array, count: number): PackedKeys | null {
  const bytes = ends[1] - ends[0];
  if (bytes === 0 || bytes % WORD_BYTES !== 0 || bytes > WORDS_MAX * WORD_BYTES || !areAlike(ends, count, bytes)) return null;
  const words = new Uint32Array(count);
  const one = new Uint32Array(count);
  const bits: number[] = [];
  let sum = 0;
  for (let at = 0; at < bytes; at += WORD_BYTES) {
    const least = readWords(keys, ends[0] + at, bytes, one);
    const wordBits = bitsOf(one, least);
    sum += wordBits;
    if (sum > WORD_BITS) return null;
    bits.push(wordBits);
    if (wordBits > 0) pack(words, one, least, wordBits);
  }
  return sortDigits(words, one, sum, bits);
}

function areAlike(ends: Int32Array, count: number, bytes: number): boolean {
  for (let row = 1; row <= count; row++) if (ends[row] - ends[row - 1] !== bytes) return false;
  return true;
}

/** A word of each key; the least of them. */
function readWords(keys: Uint8Array, from: number, bytes: number, into: Uint32Array): number {
  let least = 0xffffffff;
  for (let row = 0, at = from; row < into.length; row++, at += bytes) {
    const word = ((keys[at] << 24) | (keys[at + 1] << 16) | (keys[at + 2] << 8) | keys[at + 3]) >>> 0;
    into[row] = word;
    if (word < least) least = word;
  }
  return least;
}

function bitsOf(words: Uint32Array, least: number): number {
  let all = 0;
  for (let row = 0; row < words.length; row++) all |= words[row] - least;
  return WORD_BITS - Math.clz32(all);
}

function pack(words: Uint32Array, one: Uint32Array, least: number, bits: number): void {
  // A shift by 32 is none: then there is nothing in front.
  const shift = bits & (WORD_BITS - 1);
  for (let row = 0; row < words.length; row++) words[row] = (words[row] << shift) | (one[row] - least);
}

function sortDigits(words: Uint32Array, spare: Uint32Array, sum: number, bits: readonly number[]): PackedKeys {
  const count = words.length;
  const passes = Math.max(1, Math.ceil(sum / DIGIT_BITS));
  const digit = Math.ceil(sum / passes);
  const mask = (1 << digit) - 1;
  const places = new Int32Array(1 << digit);
  let order = new Int32Array(count);
  let spareOrder = new Int32Array(count);
  for (let row = 0; row < count; row++) order[row] = row + 1;
  let from = words;
  let to = spare;
  for (let pass = 0, shift = 0; pass < passes; pass++, shift += digit) {
    places.fill(0);
    countDigit(from, shift, mask, places);
    distribute(order, from, spareOrder, to, shift, mask, places);
    [from, to] = [to, from];
    [order, spareOrder] = [spareOrder, order];
  }
  return { order, words: from, bits };
}

/** Where the rows with each digit begin. */
function countDigit(words: Uint32Array, shift: number, mask: number, places: Int32Array): void {
  for (let row = 0; row < words.length; row++) places[(words[row] >>> shift) & mask]++;
  let sum = 0;
  for (let value = 0; value <= mask; value++) {
    const rows = places[value];
    places[value] = sum;
    sum += rows;
  }
}

function distribute(
  rows: Int32Array,
  words: Uint32Array,
  toRows: Int32Array,
  toWords: Uint32Array,
  shift: number,
  mask: number,
  places: Int32Array,
): void {
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    const place = places[(word >>> shift) & mask]++;
    toRows[place] = rows[at];
    toWords[place] = word;
  }
}
