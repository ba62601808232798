/**
 * Compression of long values: zstd, when it pays. Synchronous; never under a latch or hold.
 */

import type { Buffer } from 'node:buffer';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/** Numbers are stored in rows: retire one, never reuse it. */
export const OVERFLOW_CODEC = { plain: 0, zstd: 1 } as const;

/** Values longer than this are tried on a sample first: text compresses, pictures do not. */
const SAMPLE_BYTES = 4096;

/** A fast level: twice the speed of the default for a few percent of size. */
const OPTIONS = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

const pays = (packed: number, plain: number): boolean => packed <= plain - (plain >>> 3);

/** The bytes to store for a value, and how they are to be read. */
export function compressValue(value: Uint8Array): { bytes: Uint8Array; codec: number } {
  const plain = { bytes: value, codec: OVERFLOW_CODEC.plain };
  if (value.length > 4 * SAMPLE_BYTES) {
    const middle = (value.length - SAMPLE_BYTES) >>> 1;
    const sample = zstdCompressSync(value.subarray(middle, middle + SAMPLE_BYTES), OPTIONS);
    if (!pays(sample.length, SAMPLE_BYTES)) return plain;
  }
  const packed = zstdCompressSync(value, OPTIONS);
  return pays(packed.length, value.length) ? { bytes: packed, codec: OVERFLOW_CODEC.zstd } : plain;
}

/** The value of `length` bytes, or what is wrong in words. */
export function decompressValue(packed: Uint8Array, codec: number, length: number): Buffer | string {
  if (codec !== OVERFLOW_CODEC.zstd) return `an unknown codec, ${codec}`;
  try {
    const value = zstdDecompressSync(packed, { maxOutputLength: length });
    return value.length === length ? value : `${value.length} bytes`;
  } catch (error) {
    return `damaged compressed bytes (${(error as Error).message})`;
  }
}
