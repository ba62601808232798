/**
 * PostgreSQL's hashes of partition keys, so that a row is in the same partition here as there: Bob Jenkins' lookup3 with a seed, 64 bits
 * wide, put together over the keys. `partition.hash.T(sum, key)` adds a key to the sum, which begins with 0; NULL adds nothing.
 */

import type { RowValue } from '../storage/rows/row-value.ts';
import type { Implementation } from './functions.ts';

/** PostgreSQL's HASH_PARTITION_SEED. */
const SEED_HIGH = 0x7a5b2236;
const SEED_LOW = 0x7996dcfd;
const MASK = 0xffffffffffffffffn;

const rotated = (value: number, by: number): number => (value << by) | (value >>> (32 - by));

function mix(s: Int32Array): void {
  let [a, b, c] = s;
  a = (a - c) | 0;
  a ^= rotated(c, 4);
  c = (c + b) | 0;
  b = (b - a) | 0;
  b ^= rotated(a, 6);
  a = (a + c) | 0;
  c = (c - b) | 0;
  c ^= rotated(b, 8);
  b = (b + a) | 0;
  a = (a - c) | 0;
  a ^= rotated(c, 16);
  c = (c + b) | 0;
  b = (b - a) | 0;
  b ^= rotated(a, 19);
  a = (a + c) | 0;
  c = (c - b) | 0;
  c ^= rotated(b, 4);
  b = (b + a) | 0;
  s[0] = a;
  s[1] = b;
  s[2] = c;
}

function finalHash(s: Int32Array): bigint {
  let [a, b, c] = s;
  c = ((c ^ b) - rotated(b, 14)) | 0;
  a = ((a ^ c) - rotated(c, 11)) | 0;
  b = ((b ^ a) - rotated(a, 25)) | 0;
  c = ((c ^ b) - rotated(b, 16)) | 0;
  a = ((a ^ c) - rotated(c, 4)) | 0;
  b = ((b ^ a) - rotated(a, 14)) | 0;
  c = ((c ^ b) - rotated(b, 24)) | 0;
  return (BigInt(b >>> 0) << 32n) | BigInt(c >>> 0);
}

function begun(length: number): Int32Array {
  const s = new Int32Array(3).fill((0x9e3779b9 + length + 3923095) | 0);
  s[0] += SEED_HIGH;
  s[1] += SEED_LOW;
  mix(s);
  return s;
}

function hashWord(word: number): bigint {
  const s = begun(4);
  s[0] += word;
  return finalHash(s);
}

/** Of eight bytes: both halves, so that a small number hashes as it does in four. */
function hashLong(value: bigint): bigint {
  const high = Number(BigInt.asIntN(32, value >> 32n));
  return hashWord(Number(BigInt.asIntN(32, value)) ^ (value >= 0n ? high : ~high));
}

function hashBytes(bytes: Buffer): bigint {
  const s = begun(bytes.length);
  let at = 0;
  for (; bytes.length - at >= 12; at += 12) {
    for (let word = 0; word < 3; word++) s[word] += bytes.readInt32LE(at + 4 * word);
    mix(s);
  }
  // The lowest byte of the third word is left to the length.
  for (let rest = at; rest < bytes.length; rest++) {
    const place = rest - at;
    const word = place >> 2;
    s[word] += bytes[rest] << (8 * ((place & 3) + (word === 2 ? 1 : 0)));
  }
  return finalHash(s);
}

const combined = (sum: bigint, hash: bigint): bigint =>
  sum ^ ((hash + 0x49a0f4dd15e5a8e3n + ((sum << 54n) & MASK) + (sum >> 7n)) & MASK);

/** Microseconds between the epochs of Unix and PostgreSQL, and days. */
const EPOCH = 946_684_800_000_000n;

const HASHES: { readonly [type: string]: (value: RowValue) => bigint } = {
  bool: (value) => hashWord(value === true ? 1 : 0),
  int2: (value) => hashWord(Number(value)),
  int4: (value) => hashWord(Number(value)),
  oid: (value) => hashWord(Number(value)),
  int8: (value) => hashLong(BigInt(value as number | bigint)),
  date: (value) => hashWord(dayOf(value)),
  timestamp: (value) => hashLong(BigInt(value as number | bigint) - EPOCH),
  timestamptz: (value) => hashLong(BigInt(value as number | bigint) - EPOCH),
  text: (value) => hashBytes(Buffer.from(String(value), 'utf8')),
  uuid: (value) => hashBytes(Buffer.from(String(value).replaceAll('-', ''), 'hex')),
};

const DAYS = 10957;
const dayOf = (value: RowValue): number => Number(value) - DAYS;

const adding =
  (hash: (value: RowValue) => bigint): Implementation =>
  (sum: RowValue, value: RowValue): RowValue => {
    if (value === null) return sum;
    return BigInt.asIntN(64, combined(BigInt.asUintN(64, BigInt(sum as number | bigint)), hash(value)));
  };

export const partitionFunctions: { readonly [primitive: string]: Implementation } = {
  ...Object.fromEntries(Object.entries(HASHES).map(([type, hash]) => [`partition.hash.${type}`, adding(hash)])),
  'partition.remainder': (sum: RowValue, modulus: number) =>
    Number(BigInt.asUintN(64, BigInt(sum as number | bigint)) % BigInt(modulus)),
};
