/**
 * Readers of a row layout: one column, all columns into an array, or an object; generated once for each shape of table.
 *
 * All take an image of that very layout (upgradeImage() makes one of an older image), not in a page that another thread may
 * change: copied, or held while nothing is called that could wait (SM-L4). Values: row-value.ts. A value in an overflow
 * chain is fetched through `overflow`, so then no page may be held.
 */

import { OVERFLOW_BIT } from '../../engine/storage/rows/row-image.ts';
import type { PlacedColumn, RowLayout } from '../../engine/storage/rows/row-layout.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { compile } from './compile.ts';
import { rowHelpers, TAKE_HELPERS } from './row-helpers.ts';

/** Returns the bytes behind the overflow reference at byte offset `reference` of the views the image lies in. */
export type OverflowFetch = (i32: Int32Array, reference: number) => Uint8Array;

export type RowReader<Result> = (
  i32: Int32Array,
  u16: Uint16Array,
  u8: Uint8Array,
  f64: Float64Array,
  bytes: Buffer,
  row: number,
  overflow: OverflowFetch,
) => Result;

const PARAMETERS = 'i32,u16,u8,f64,bytes,row,overflow';

/** Wider tables get their objects by a loop: one literal would be too long to optimise (SBLR-G3). */
const LITERAL_COLUMNS_MAX = 64;

/** Expression: the column is NULL in the image at `row`, a byte offset in a local of that name. 'false' for NOT NULL columns. */
export function emitNullTest(column: PlacedColumn): string {
  return column.nullBit < 0 ? 'false' : `(i32[(row>>2)+${4 + (column.nullBit >> 5)}]&${1 << (column.nullBit & 31)})!==0`;
}

/**
 * Expression: the column's value as generated code computes with it (SBLR, Types): int32 for bool, int16, int32 and date,
 * double for floats and short numerics, and for the two-word kinds `emitLow` and `emitHigh`. Locals: i32, f64, row.
 */
export const emitInt32 = (column: PlacedColumn): string => `i32[(row>>2)+${column.at >> 2}]`;
export const emitDouble = (column: PlacedColumn): string => `f64[(row>>3)+${column.at >> 3}]`;
export const emitLow = (column: PlacedColumn): string => `i32[(row>>2)+${column.at >> 2}]`;
export const emitHigh = (column: PlacedColumn): string => `i32[(row>>2)+${(column.at >> 2) + 1}]`;
/** Expressions of a variable-width column: byte offset from `row`, and length with the overflow bit. Locals: u16, row. */
export const emitOffset = (column: PlacedColumn): string => `u16[(row>>1)+${column.at >> 1}]`;
export const emitLength = (column: PlacedColumn): string => `u16[(row>>1)+${(column.at >> 1) + 1}]`;

function emitValue(column: PlacedColumn): string {
  const value = emitNotNull(column);
  return column.nullBit < 0 ? value : `${emitNullTest(column)}?null:${value}`;
}

/** Expression: its value, for an image in which it is not NULL. Locals: those of RowReader, and the helpers it names. */
export function emitNotNull(column: PlacedColumn): string {
  switch (column.kind) {
    case 'bool':
      return `${emitInt32(column)}!==0`;
    case 'int16':
    case 'int32':
      return emitInt32(column);
    case 'date':
      return `readDate(${emitInt32(column)})`;
    case 'int64':
    case 'time':
      return `readLong(${emitLow(column)},${emitHigh(column)})`;
    case 'timestamp':
    case 'timestamptz':
      return `readInstant(${emitLow(column)},${emitHigh(column)})`;
    case 'float32':
    case 'float64':
      return emitDouble(column);
    case 'numeric':
      return `scaledText(${emitDouble(column)},${column.scale})`;
    case 'uuid':
      return `readUuid(bytes,row+${column.at})`;
    case 'interval':
      return `readInterval(i32,(row>>2)+${column.at >> 2})`;
    default:
      return emitVariable(column);
  }
}

function emitVariable(column: PlacedColumn): string {
  const place = `row+${emitOffset(column)},${emitLength(column)}`;
  const inline =
    column.kind === 'bytes'
      ? `readBytes(bytes,${place})`
      : column.kind === 'wideNumeric'
        ? `readWide(u8,${place})`
        : column.kind === 'nested'
          ? `readNested(u8,row+${emitOffset(column)})`
          : `readText(u8,bytes,${place})`;
  const kind = column.kind === 'bytes' ? 1 : column.kind === 'wideNumeric' ? 2 : column.kind === 'nested' ? 3 : 0;
  return `(${emitLength(column)}&${OVERFLOW_BIT})!==0?valueOfBytes(${kind},overflow(i32,row+${emitOffset(column)})):${inline}`;
}

/** Reads one column. */
export function columnReader(layout: RowLayout, column: number): RowReader<RowValue> {
  const source = `return function(${PARAMETERS}){return ${emitValue(layout.columns[column])};}`;
  return compile(TAKE_HELPERS + source, 'h', [rowHelpers]);
}

/** Reads all columns into a new array. */
export function arrayDecoder(layout: RowLayout): RowReader<RowValue[]> {
  const pieces: string[] = [];
  for (let from = 0; from < layout.columns.length; from += LITERAL_COLUMNS_MAX) {
    pieces.push(
      layout.columns
        .slice(from, from + LITERAL_COLUMNS_MAX)
        .map(emitValue)
        .join(','),
    );
  }
  const source =
    pieces.length <= 1
      ? `return function(${PARAMETERS}){return[${pieces.join('')}];}`
      : pieces.map((piece, index) => `function piece${index}(${PARAMETERS}){return[${piece}];}`).join('') +
        `return function(${PARAMETERS}){return[].concat(${pieces.map((_, index) => `piece${index}(${PARAMETERS})`).join(',')});}`;
  return compile(TAKE_HELPERS + source, 'h', [rowHelpers]);
}

/** Reads all columns into a new object, keys being the columns' names. The names are arguments, never text (SBLR-G4). */
export function objectDecoder(layout: RowLayout): RowReader<Record<string, RowValue>> {
  const names = layout.columns.map((column) => column.name);
  if (names.length > LITERAL_COLUMNS_MAX) {
    const decode = arrayDecoder(layout);
    return (i32, u16, u8, f64, bytes, row, overflow) => {
      const values = decode(i32, u16, u8, f64, bytes, row, overflow);
      return Object.fromEntries(values.map((value, index) => [names[index], value]));
    };
  }
  const keys = names.map((_, index) => `k${index}`);
  const members = layout.columns.map((column, index) => `[k${index}]:${emitValue(column)}`).join(',');
  const source = `const[${keys.join(',')}]=names;return function(${PARAMETERS}){return{${members}};}`;
  return compile(TAKE_HELPERS + source, 'h,names', [rowHelpers, names]);
}
