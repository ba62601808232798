/**
 * The UUID v7 of a row version: derived from its stamp and its row id, never stored (TX-T5), with an inverse.
 *
 *   bits   0        48   52          64  66          82              114      126   128
 *          +--------+----+-----------+---+-----------+---------------+--------+-----+
 *          | ms     | 7  | us        | 2 | server id | page          | slot   | 0   |
 *          +--------+----+-----------+---+-----------+---------------+--------+-----+
 *            48       4    12          2   16          32              12       2
 *
 * Milliseconds come first, big endian, so that versions sort by time; `us` is the microsecond within the millisecond. All
 * rows of a transaction share one time.
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';

/** Stamps beyond 48 bits of milliseconds have no UUID; the year is 10889. */
const MILLISECONDS_MAX = 281474976710655;

export interface VersionIdentity {
  /** Microseconds since the epoch. */
  stamp: number;
  /** 16 bits. */
  server: number;
  /** 32 bits, unsigned. */
  page: number;
  /** 12 bits. */
  slot: number;
}

/** Writes the 16 bytes for a committed version (stamp >= 0) at `offset` of `bytes`. 22023 for a stamp that has none. */
export function writeVersionUuid(
  bytes: Uint8Array,
  offset: number,
  stamp: number,
  server: number,
  page: number,
  slot: number,
): void {
  const milliseconds = Math.floor(stamp / 1000);
  if (!(stamp >= 0) || milliseconds > MILLISECONDS_MAX) {
    throw new SqlError(SQLSTATE.invalid_parameter_value, `a version with stamp ${stamp} has no UUID`, {
      hint: 'only committed versions have one',
    });
  }
  const micro = stamp - milliseconds * 1000;
  const high = Math.floor(milliseconds / 65536);
  const low = milliseconds % 65536;
  put32(bytes, offset, high);
  put16(bytes, offset + 4, low);
  put16(bytes, offset + 6, 0x7000 | micro);
  // From bit 66 on: server 16, page 32, slot 12, two zeros. 62 bits in two words of 30 and 32.
  const unsigned = page >>> 0;
  put32(bytes, offset + 8, (0x80000000 | ((server & 0xffff) << 14) | (unsigned >>> 18)) >>> 0);
  put32(bytes, offset + 12, (((unsigned & 0x3ffff) << 14) | ((slot & 0xfff) << 2)) >>> 0);
}

/** What the 16 bytes at `offset` were made from, or null for a UUID that no row version has. */
export function readVersionUuid(bytes: Uint8Array, offset: number): VersionIdentity | null {
  const micro = get16(bytes, offset + 6);
  const first = get32(bytes, offset + 8);
  const second = get32(bytes, offset + 12);
  if (micro >>> 12 !== 7 || first >>> 30 !== 2 || (micro & 0xfff) > 999 || (second & 3) !== 0) return null;
  const milliseconds = get32(bytes, offset) * 65536 + get16(bytes, offset + 4);
  return {
    stamp: milliseconds * 1000 + (micro & 0xfff),
    server: (first >>> 14) & 0xffff,
    page: (((first & 0x3fff) << 18) | (second >>> 14)) >>> 0,
    slot: (second >>> 2) & 0xfff,
  };
}

/** The usual text of 36 characters. */
export function uuidText(bytes: Uint8Array, offset: number): string {
  let text = '';
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) text += '-';
    text += bytes[offset + i].toString(16).padStart(2, '0');
  }
  return text;
}

function put16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

function put32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

const get16 = (bytes: Uint8Array, at: number): number => (bytes[at] << 8) | bytes[at + 1];

const get32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
