/**
 * Blanks at the end of a row image, as columns of fixed length leave them: the log does without them (storage/append-record.ts).
 *
 *   image    | header | ... a b c | ' ' ' ' ... ' ' | ' ' ' ' 0 0 |          length counts all but the padding
 *   logged   | header | ... a b c |                                          `back`, which a new row has no use for: words left out
 *
 * Whole words only, whatever they stand for; a rest of fewer than four bytes goes with them. Hot but for restoreBlanks().
 */

import { imageLength, ROW_HEADER_BYTES } from './row-image.ts';

const BLANKS = 0x20202020;
/** Fewer are not worth it. */
const LEAST_WORDS = 4;

/** Words of blanks that end the image at byte offset `row`; 0: none that are worth it. */
export function blankTail(i32: Int32Array, row: number): number {
  const length = imageLength(i32, row);
  const first = row >> 2;
  const end = first + (length >> 2);
  const rest = length & 3;
  if (rest !== 0 && i32[end] !== restOf(rest)) return 0;
  const least = first + (ROW_HEADER_BYTES >> 2);
  let word = end;
  while (word > least && i32[word - 1] === BLANKS) word--;
  return end - word < LEAST_WORDS ? 0 : end - word;
}

/** `rest` bytes of blanks, and zeros. */
const restOf = (rest: number): number => BLANKS & ((1 << (rest * 8)) - 1);

/** Bytes of an image of this length without so many words of blanks, padded to 8. */
export const withoutBlanks = (length: number, words: number): number =>
  words === 0 ? (length + 7) & ~7 : (((length >> 2) - words) * 4 + 7) & ~7;

/** The image at byte offset `from` without `words` words of blanks, as it was, at 0 of `to`; its back word is 0. */
export function restoreBlanks(i32: Int32Array, from: number, words: number, to: Int32Array): void {
  const length = imageLength(i32, from);
  const whole = length >> 2;
  to.set(i32.subarray(from >> 2, (from >> 2) + whole - words));
  to.fill(BLANKS, whole - words, whole);
  to.fill(0, whole, (length + 7) >> 2);
  if ((length & 3) !== 0) to[whole] = restOf(length & 3);
  to[2] = 0;
}
