/**
 * Values of columns outside a row image: what the encoder takes and the decoders give.
 */

import type { NestedValue } from './nested-value.ts';
import type { ColumnKind } from './row-layout.ts';

export interface IntervalValue {
  readonly months: number;
  readonly days: number;
  /** A bigint where a double would not be exact. */
  readonly microseconds: number | bigint;
}

/**
 * Stands for a value that was written to an overflow chain beforehand; the encoder stores it as the 16-byte reference.
 * A class, so that the encoder tells it from other objects with one check.
 */
export class OverflowReference {
  readonly page: number;
  /** Bytes of the value. */
  readonly length: number;
  /** Bytes in the chain. */
  readonly stored: number;
  /** OVERFLOW_CODEC number. */
  readonly codec: number;

  constructor(page: number, length: number, stored: number, codec: number) {
    this.page = page;
    this.length = length;
    this.stored = stored;
    this.codec = codec;
  }
}

/**
 * What the encoder accepts and, in the same forms, the decoders return:
 *   bool boolean; int16, int32, float32, float64 number; int64 number while safe, else bigint
 *   date: days, time, timestamp(tz): microseconds, as number (+-Infinity are the infinities) or bigint
 *   numeric, wideNumeric: decimal string ('12.30', 'NaN', '-Infinity'); the encoder also takes number and bigint
 *   text, json: string (the encoder also takes UTF-8 bytes); bytes: Uint8Array
 *   uuid: string of 36 characters (the encoder also takes 16 bytes); interval: IntervalValue
 *   nested: NestedValue
 */
export type RowValue = null | boolean | number | bigint | string | Uint8Array | IntervalValue | NestedValue | OverflowReference;

/**
 * The two arrays an encoder reads. values[c] null: NULL. values[c] undefined: numbers[c] holds the value, as the row
 * stores it: bool 0/1, integers, days, microseconds, floats, and numeric as its scaled integer. So a hot insert boxes no
 * double. Any other values[c] is the value itself.
 */
export interface RowInput {
  readonly numbers: Float64Array;
  readonly values: (RowValue | undefined)[];
}

export function createRowInput(columns: number): RowInput {
  return { numbers: new Float64Array(columns), values: new Array(columns).fill(undefined) };
}

/** Kinds whose bytes vary in length. */
export const isVariable = (kind: ColumnKind): boolean =>
  kind === 'text' || kind === 'bytes' || kind === 'json' || kind === 'wideNumeric' || kind === 'nested';
