/**
 * Numerics of any size: the form in a row, to and from decimal text, and the order-preserving form in keys.
 *
 *   row    class u8 | 0 | scale u16, low byte first | base-1e9 words, u32 low byte first, least significant word first
 *          value = sign * words / 10^scale; zero has no words; at any byte offset
 *   key    class u8 (rising: -Infinity, below 0, 0, above 0, Infinity, NaN) | exponent u24, high byte first | base-100
 *          digits, each + 1, without zeros at the end | 0; below zero all but the class is inverted
 *
 * The scale belongs to the value, not to equality or order: 1.0 and 1.00 have one key.
 */

export const WIDE_POSITIVE = 0;
export const WIDE_NEGATIVE = 1;
export const WIDE_NAN = 2;
export const WIDE_INFINITY = 3;
export const WIDE_MINUS_INFINITY = 4;

/** Digits before and behind the point, at most. */
const INTEGER_DIGITS_MAX = 131072;
const SCALE_MAX = 16383;

/** Results of wideNumericBytes() that are not bytes. */
export const NOT_NUMERIC = 'not numeric';
export const NUMERIC_RANGE = 'out of range';

const DECIMAL = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,7}))?\s*$/;
const SPECIAL: { readonly [text: string]: number } = {
  nan: WIDE_NAN,
  infinity: WIDE_INFINITY,
  '+infinity': WIDE_INFINITY,
  '-infinity': WIDE_MINUS_INFINITY,
};

/** A decimal number as digits: value = digits / 10^scale. */
export interface Decimal {
  readonly negative: boolean;
  /** Without leading zeros; empty for zero. */
  readonly digits: string;
  readonly scale: number;
}

/** Reads decimal text such as '-12.50' or '1e3'. Null if it is not a number. */
export function parseDecimal(text: string): Decimal | null {
  const match = DECIMAL.exec(text);
  if (match === null || (match[2] === '' && (match[3] ?? '') === '')) return null;
  const fraction = match[3] ?? '';
  let digits = match[2] + fraction;
  let scale = fraction.length - Number(match[4] ?? 0);
  if (scale < 0) {
    if (-scale > INTEGER_DIGITS_MAX) return { negative: match[1] === '-', digits: '1', scale: -INTEGER_DIGITS_MAX };
    digits += '0'.repeat(-scale);
    scale = 0;
  }
  digits = digits.replace(/^0+/, '');
  return { negative: match[1] === '-' && digits !== '', digits, scale };
}

/** The form in a row of a value given as text, number or bigint; or why there is none. */
export function wideNumericBytes(value: string | number | bigint): Uint8Array | typeof NOT_NUMERIC | typeof NUMERIC_RANGE {
  const text = typeof value === 'string' ? value : String(value);
  const special = SPECIAL[text.trim().toLowerCase()];
  if (special !== undefined) return Uint8Array.of(special, 0, 0, 0);
  const decimal = parseDecimal(text);
  if (decimal === null) return NOT_NUMERIC;
  const { digits, scale, negative } = decimal;
  if (scale < 0 || scale > SCALE_MAX || digits.length - scale > INTEGER_DIGITS_MAX) return NUMERIC_RANGE;
  const words = Math.ceil(digits.length / 9);
  const bytes = new Uint8Array(4 + 4 * words);
  const view = new DataView(bytes.buffer);
  bytes[0] = negative ? WIDE_NEGATIVE : WIDE_POSITIVE;
  view.setUint16(2, scale, true);
  for (let word = 0; word < words; word++) {
    const end = digits.length - 9 * word;
    view.setUint32(4 + 4 * word, Number(digits.slice(Math.max(0, end - 9), end)), true);
  }
  return bytes;
}

const wordAt = (u8: Uint8Array, at: number): number =>
  (u8[at] | (u8[at + 1] << 8) | (u8[at + 2] << 16) | (u8[at + 3] << 24)) >>> 0;

/** Decimal text of the value at `at`, `length` bytes of it, with as many digits behind the point as its scale says. */
export function wideNumericText(u8: Uint8Array, at: number, length: number): string {
  const kind = u8[at];
  if (kind >= WIDE_NAN) return kind === WIDE_NAN ? 'NaN' : kind === WIDE_INFINITY ? 'Infinity' : '-Infinity';
  const words = (length - 4) >> 2;
  let digits = words === 0 ? '' : String(wordAt(u8, at + 4 * words));
  for (let word = words - 1; word > 0; word--) digits += String(wordAt(u8, at + 4 * word)).padStart(9, '0');
  return decimalText(digits, u8[at + 2] | (u8[at + 3] << 8), kind === WIDE_NEGATIVE);
}

/** Digits with the point put in. */
export function decimalText(digits: string, scale: number, negative: boolean): string {
  const all = digits.padStart(scale + 1, '0');
  const point = all.length - scale;
  return (negative ? '-' : '') + all.slice(0, point) + (scale === 0 ? '' : '.' + all.slice(point));
}

/** Digits of one value while its key is made: enough for any value that lies in a row, larger ones make it grow. */
let digitScratch = new Uint8Array(9 * 512);

/**
 * Writes the key form of the row form at `from` to `to` at `at`, every byte xor `mask` (0xff turns the order round).
 * Returns the end, or -1 if that would lie beyond `limit`.
 */
export function putWideNumericKey(
  to: Uint8Array,
  at: number,
  limit: number,
  u8: Uint8Array,
  from: number,
  length: number,
  mask: number,
): number {
  if (at + 5 > limit) return -1;
  const kind = u8[from];
  const words = (length - 4) >> 2;
  if (kind >= WIDE_NAN || words === 0) {
    to[at] = (kind === WIDE_MINUS_INFINITY ? 1 : kind === WIDE_INFINITY ? 5 : kind === WIDE_NAN ? 6 : 3) ^ mask;
    return at + 1;
  }
  to[at++] = (kind === WIDE_NEGATIVE ? 2 : 4) ^ mask;
  const invert = kind === WIDE_NEGATIVE ? mask ^ 0xff : mask;
  if (digitScratch.length < words * 9 + 2) digitScratch = new Uint8Array(words * 9 + 2);
  const digits = digitScratch;
  for (let word = 0, end = words * 9; word < words; word++) {
    let rest = wordAt(u8, from + 4 + 4 * word);
    for (let digit = 0; digit < 9; digit++) {
      const tenth = Math.floor(rest / 10);
      digits[--end] = rest - tenth * 10;
      rest = tenth;
    }
  }
  let first = 0;
  let last = words * 9;
  while (digits[first] === 0) first++;
  const integers = last - first - (u8[from + 2] | (u8[from + 3] << 8));
  while (digits[last - 1] === 0) last--;
  const exponent = (integers + (integers & 1)) / 2 + 0x8000;
  // 131,072 digits are 65,536 pairs: three bytes hold any exponent.
  to[at++] = (exponent >> 16) ^ invert;
  to[at++] = ((exponent >> 8) & 0xff) ^ invert;
  to[at++] = (exponent & 0xff) ^ invert;
  if ((integers & 1) !== 0) {
    to[at++] = (digits[first] + 1) ^ invert;
    first++;
  }
  for (; first < last; first += 2) {
    if (at >= limit) return -1;
    to[at++] = (digits[first] * 10 + (first + 1 < last ? digits[first + 1] : 0) + 1) ^ invert;
  }
  if (at >= limit) return -1;
  to[at++] = invert;
  return at;
}

/** What readWideNumericKey() found: the value as text in lowest scale, and where the next part of the key begins. */
export interface WideNumericKey {
  text: string;
  end: number;
}

/** The value of a key that putWideNumericKey() wrote with the same mask. */
export function readWideNumericKey(u8: Uint8Array, at: number, mask: number): WideNumericKey {
  const kind = u8[at++] ^ mask;
  if (kind === 1 || kind === 5 || kind === 6)
    return { text: kind === 1 ? '-Infinity' : kind === 5 ? 'Infinity' : 'NaN', end: at };
  if (kind === 3) return { text: '0', end: at };
  const invert = kind === 2 ? mask ^ 0xff : mask;
  const exponent = (((u8[at] ^ invert) << 16) | ((u8[at + 1] ^ invert) << 8) | (u8[at + 2] ^ invert)) - 0x8000;
  let digits = '';
  for (at += 3; (u8[at] ^ invert) !== 0; at++) digits += String((u8[at] ^ invert) - 1).padStart(2, '0');
  let scale = digits.length - 2 * exponent;
  if (scale < 0) {
    digits += '0'.repeat(-scale);
    scale = 0;
  }
  while (scale > 0 && digits.endsWith('0')) {
    digits = digits.slice(0, -1);
    scale--;
  }
  return { text: decimalText(digits.replace(/^0+/, ''), scale, kind === 2), end: at + 1 };
}
