/**
 * 64-bit signed integers as two int32 words, (high, low): for code that runs where nothing may be allocated, so neither BigInt
 * nor a double on its way out of a function. Results are left in an Int32Array of the caller.
 */

/** words[at], words[at + 1] = a + b. True: the sum is outside the range of int64, what was stored has wrapped. */
export function addWords(words: Int32Array, at: number, aHigh: number, aLow: number, bHigh: number, bLow: number): boolean {
  const low = (aLow + bLow) | 0;
  const carry = low >>> 0 < aLow >>> 0 ? 1 : 0;
  const high = (aHigh + bHigh + carry) | 0;
  words[at] = high;
  words[at + 1] = low;
  return ((aHigh ^ high) & (bHigh ^ high)) < 0;
}

/** Below 0, 0 or above 0, as a is less than, equal to or greater than b. */
export function compareWords(aHigh: number, aLow: number, bHigh: number, bLow: number): number {
  if (aHigh !== bHigh) return aHigh < bHigh ? -1 : 1;
  if (aLow === bLow) return 0;
  return aLow >>> 0 < bLow >>> 0 ? -1 : 1;
}

/** High word of an integer of up to 53 bits, or of a BigInt of up to 64. */
export const highWord = (value: number | bigint): number =>
  typeof value === 'number' ? Math.floor(value / 4294967296) | 0 : Number(BigInt.asIntN(32, value >> 32n));

/** Low word of the same. */
export const lowWord = (value: number | bigint): number =>
  typeof value === 'number' ? (value - Math.floor(value / 4294967296) * 4294967296) | 0 : Number(BigInt.asIntN(32, value));

/** The integer: a number while it is safe, a BigInt beyond. */
export function wordsToInteger(high: number, low: number): number | bigint {
  const value = high * 4294967296 + (low >>> 0);
  return Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(low >>> 0);
}

/** A number that is no integer, or a BigInt beyond int64, is none. */
export const isInt64 = (value: number | bigint): boolean =>
  typeof value === 'number' ? Number.isSafeInteger(value) : BigInt.asIntN(64, value) === value;
