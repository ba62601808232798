/**
 * The hash that hash indexes store: 64 bits of a key, as the two words of an 'i64' key. It is part of the file format: never change
 * it, only add another under another number.
 *
 * Two lanes of multiply-and-rotate over 4-byte words with different constants, each mixed at the end with the length and the
 * other lane (the finisher of MurmurHash3). Not keyed: a bucket holds what a hash holds, and who can choose keys so that their
 * hashes meet makes lookups of these keys slow, not wrong. Hot: ints only, no allocation.
 */

import type { IndexKind, KeyScratch } from '../rows/runtime.ts';

const LANE_A = 0x9e3779b1 | 0;
const LANE_B = 0x85ebca6b | 0;
const STEP_A = 0xcc9e2d51 | 0;
const STEP_B = 0x1b873593;

function mix(word: number): number {
  let h = word ^ (word >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Writes the hash of `key`, which is of the given kind, to hash.i32[0] and [1]; hash.length becomes 8. They may not be the same object. */
export function hashKey(kind: IndexKind, key: KeyScratch, hash: KeyScratch): void {
  let a = LANE_A;
  let b = LANE_B;
  let length = 4;
  if (kind === 'bytes') {
    const u8 = key.u8;
    length = key.length;
    for (let at = 0; at < length; at += 4) {
      // What lies behind the end counts as zero: the length tells such keys apart.
      let word = u8[at];
      if (at + 1 < length) word |= u8[at + 1] << 8;
      if (at + 2 < length) word |= u8[at + 2] << 16;
      if (at + 3 < length) word |= u8[at + 3] << 24;
      a = (Math.imul(rotate(a ^ Math.imul(word, STEP_A), 15), 5) + LANE_B) | 0;
      b = (Math.imul(rotate(b ^ Math.imul(word, STEP_B), 13), 9) + LANE_A) | 0;
    }
  } else {
    a = (Math.imul(rotate(a ^ Math.imul(key.i32[0], STEP_A), 15), 5) + LANE_B) | 0;
    b = (Math.imul(rotate(b ^ Math.imul(key.i32[0], STEP_B), 13), 9) + LANE_A) | 0;
    if (kind === 'i64') {
      length = 8;
      a = (Math.imul(rotate(a ^ Math.imul(key.i32[1], STEP_A), 15), 5) + LANE_B) | 0;
      b = (Math.imul(rotate(b ^ Math.imul(key.i32[1], STEP_B), 13), 9) + LANE_A) | 0;
    }
  }
  const high = mix(a ^ length);
  hash.i32[0] = high;
  hash.i32[1] = mix(b ^ high);
  hash.length = 8;
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}
