/**
 * RowLayout: where each column of a row image lies. Computed once for each schema version of a table and handed to
 * codegen/rows, which generates encoder, readers and decoder from it (shared-memory.md, 'Rows and heap').
 *
 * A table has up to 1,024 layouts, because ADD COLUMN does not rewrite rows: an image says which layout it was written
 * under, and columns that this one lacks are read with their `missing` value. Columns are the same column in two
 * layouts if their ids are equal; names do not matter here.
 */

import { limitExceeded } from '../../../shm/errors.ts';
import type { RowValue } from './row-value.ts';
import { FIXED_BYTES_MAX, LAYOUTS_MAX, ROW_HEADER_BYTES } from './row-image.ts';

/**
 * What a column holds, and how a row stores it:
 *   bool, int16, int32            i32
 *   date                          i32, days since 1970-01-01; greatest and least i32 are +-infinity
 *   int64, time, timestamp(tz)    two i32 words, low first; times in microseconds, timestamps
 *                                 since 1970, those above 2^63 (294247 to 294276 AD) wrapped around; high word -2^30 - 1
 *                                 with low word -1 is infinity, high word -2^30 with low word 0 is -infinity
 *   float32, float64              f64
 *   numeric                       f64 that holds value * 10^scale, an exact integer of at most 15 digits
 *   wideNumeric                   variable: sign, scale, base-1e9 words (wide-numeric.ts)
 *   uuid                          16 bytes in their order
 *   interval                      i32 months, i32 days, two words of microseconds
 *   text, bytes, json             variable: the bytes, UTF-8 for text and json
 *   nested                        variable: nested-bytes.ts
 */
export type ColumnKind =
  | 'bool'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'date'
  | 'time'
  | 'timestamp'
  | 'timestamptz'
  | 'float32'
  | 'float64'
  | 'numeric'
  | 'wideNumeric'
  | 'text'
  | 'bytes'
  | 'json'
  | 'uuid'
  | 'interval'
  | 'nested';

/** Bytes of each kind in the fixed part; 0 for variable-width kinds. */
export const FIXED_BYTES: { readonly [kind in ColumnKind]: number } = {
  bool: 4,
  int16: 4,
  int32: 4,
  int64: 8,
  date: 4,
  time: 8,
  timestamp: 8,
  timestamptz: 8,
  float32: 8,
  float64: 8,
  numeric: 8,
  wideNumeric: 0,
  text: 0,
  bytes: 0,
  json: 0,
  nested: 0,
  uuid: 16,
  interval: 16,
};

export interface Column {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly nullable: boolean;
  /** Same id = same column in every layout of the table. Left out: the column's place in the list. */
  readonly id?: number;
  /** numeric: digits in all, 1 to 15; left out 15. */
  readonly precision?: number;
  /** numeric: digits after the point, 0 to precision; left out 0. */
  readonly scale?: number;
  /** Text whose blanks at the end do not count where values are compared: char(n). Its keys are made without them. */
  readonly blankPadded?: boolean;
  /** Value read from rows that were written before the column was added; left out: NULL. */
  readonly missing?: RowValue;
}

/** A column with its place. */
export interface PlacedColumn extends Column {
  readonly id: number;
  readonly index: number;
  /** Bytes from the start of the row to the value, or to its (offset, length) pair. */
  readonly at: number;
  /** Bytes of the fixed value; 0: variable width. */
  readonly bytes: number;
  /** Number of its null bit, or -1. Bit n is bit n mod 32 of the word at 16 + 4 * (n div 32). */
  readonly nullBit: number;
  readonly precision: number;
  readonly scale: number;
}

export interface RowLayout {
  /** 0 to 1,023: what images say. */
  readonly number: number;
  readonly columns: readonly PlacedColumn[];
  /** Words of null bits in use; 0 without nullable columns. */
  readonly nullWords: number;
  /** Variable-width columns. */
  readonly variableCount: number;
  /** Length of an image without any variable bytes. */
  readonly fixedEnd: number;
  /** Equal for layouts that generate equal code: kinds, nullability and scales, no names. */
  readonly shape: string;
}

/** Places the columns: null bits, then fixed values widest first, then a pair for each variable column. 54000 if too wide. */
export function layoutRow(columns: readonly Column[], number = 0): RowLayout {
  if (number >= LAYOUTS_MAX) throw limitExceeded('the number of a row layout', number, LAYOUTS_MAX - 1);
  const nullable = columns.filter((column) => column.nullable).length;
  const nullWords = (nullable + 31) >> 5;
  const at = new Array<number>(columns.length);
  let next = ROW_HEADER_BYTES + ((nullWords + 1) >> 1) * 8;
  for (const width of [16, 8, 4, 0]) {
    columns.forEach((column, index) => {
      if (FIXED_BYTES[column.kind] !== width) return;
      at[index] = next;
      next += width === 0 ? 4 : width;
    });
  }
  if (next > FIXED_BYTES_MAX) throw limitExceeded('the fixed part of a row in bytes', next, FIXED_BYTES_MAX);
  let nullBit = 0;
  const placed = columns.map((column, index) => placeColumn(column, index, at[index], column.nullable ? nullBit++ : -1));
  return {
    number,
    columns: placed,
    nullWords,
    variableCount: placed.filter((column) => column.bytes === 0).length,
    fixedEnd: next,
    shape: placed.map(shapeOf).join(','),
  };
}

function placeColumn(column: Column, index: number, at: number, nullBit: number): PlacedColumn {
  const precision = column.precision ?? 15;
  const scale = column.scale ?? 0;
  if (column.kind === 'numeric') {
    if (!(precision >= 1 && precision <= 15)) throw limitExceeded('the precision of a short numeric', precision, 15);
    if (!(scale >= 0 && scale <= precision)) throw limitExceeded('the scale of a short numeric', scale, precision);
  }
  return { ...column, id: column.id ?? index, index, at, bytes: FIXED_BYTES[column.kind], nullBit, precision, scale };
}

const shapeOf = (column: PlacedColumn): string =>
  column.kind +
  (column.kind === 'numeric' ? `(${column.precision}.${column.scale})` : '') +
  (column.blankPadded === true ? '_' : '') +
  (column.nullable ? '?' : '');
