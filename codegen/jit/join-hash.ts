/** Hashes of join keys: the same for equal values, whatever form the code has them in. */

import { wordDouble, wordPair } from './helpers.ts';

const GOLDEN = -1640531535;
const SECOND = -2048144789;

export const hashInt = (value: number): number => Math.imul(value, GOLDEN);

/** Of a double: -0 is 0, one NaN. */
export function hashDouble(value: number): number {
  wordDouble[0] = Number.isNaN(value) ? Number.NaN : value + 0;
  const hash = Math.imul(wordPair[0] ^ Math.imul(wordPair[1], GOLDEN), SECOND);
  return hash ^ (hash >>> 15);
}

/** Of an int8, time or timestamp. */
export function hashLong(value: number | bigint): number {
  if (typeof value === 'number') {
    const hash = Math.imul(value | 0, GOLDEN) ^ Math.imul((value / 4294967296) | 0, SECOND);
    return hash ^ (hash >>> 15);
  }
  const hash = Math.imul(Number(BigInt.asIntN(32, value)), GOLDEN) ^ Number(BigInt.asIntN(32, value >> 32n));
  return hash ^ (hash >>> 15);
}

export function hashText(text: string): number {
  let hash = text.length;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 16777619) ^ (hash >>> 15);
  return hash;
}

export const joinHelpers = { hashInt, hashDouble, hashLong, hashText };
