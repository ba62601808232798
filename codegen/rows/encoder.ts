/**
 * The encoder of a row layout: values in, image out, one generated function for each shape of table.
 *
 * Generated source holds offsets, null bits and ranges; no names, no defaults, no layout number (SBLR-G4). Columns of wide
 * tables are dealt out to several functions (SBLR-G3).
 */

import { limitExceeded, SQLSTATE, SqlError } from '../../shm/errors.ts';
import type { ByteViews } from '../../engine/storage/rows/byte-views.ts';
import {
  INLINE_VALUE_BYTES_MAX,
  OVERFLOW_BIT,
  ROW_BYTES_MAX,
  ROW_LAYOUT_SHIFT,
  ROW_NULLS,
  ROW_OVERFLOW,
} from '../../engine/storage/rows/row-image.ts';
import type { PlacedColumn, RowLayout } from '../../engine/storage/rows/row-layout.ts';
import type { OverflowReference, RowInput, RowValue } from '../../engine/storage/rows/row-value.ts';
import { isReference, OUT_OF_RANGE, rowHelpers, TAKE_HELPERS, variableBytes, WRONG_TYPE } from './row-helpers.ts';
import { compile } from './compile.ts';

/**
 * Writes the image of a row at byte offset `row` (a multiple of 8, 16 KiB of room). Stamp and back become 0. Returns its
 * length in bytes; ROW_WIDE when values must go to overflow chains first (encodeRow does that); or less: a value does not fit
 * its column, encodeError() tells which. For RowInput's rules on `numbers` and `values` see row-value.ts.
 */
export type RowEncoder = (
  i32: Int32Array,
  u16: Uint16Array,
  u8: Uint8Array,
  f64: Float64Array,
  bytes: Buffer,
  row: number,
  numbers: Float64Array,
  values: readonly (RowValue | undefined)[],
) => number;

/** Values must go to overflow chains before the row fits a page. */
export const ROW_WIDE = -1;

const REASON_NULL = 0;
const REASON_TYPE = 1;
const REASON_RANGE = 2;
/** A numeric of up to 15 digits is a scaled integer: it has no NaN. */
const REASON_NAN = 3;

/** Status of a value that does not fit: below ROW_WIDE, tells column and reason. */
const failure = (column: PlacedColumn, reason: number): number => -(2 + column.index * 4 + reason);

const COLUMNS_A_FUNCTION = 32;

const encoders = new WeakMap<RowLayout, RowEncoder>();

/** The encoder of a layout: generated when first asked for, then the same one. */
export function rowEncoder(layout: RowLayout): RowEncoder {
  let encoder = encoders.get(layout);
  if (encoder === undefined) {
    encoder = compile<RowEncoder>(encoderSource(layout), 'h,layout', [rowHelpers, layout.number << ROW_LAYOUT_SHIFT]);
    encoders.set(layout, encoder);
  }
  return encoder;
}

const PARAMETERS = 'i32,u16,u8,f64,bytes,row,numbers,values';

/** The canonical source of a layout's encoder. */
export function encoderSource(layout: RowLayout): string {
  // Fixed columns first: the bytes of variable ones follow in the order of the columns.
  const pieces: string[] = [];
  for (let from = 0; from < layout.columns.length; from += COLUMNS_A_FUNCTION) {
    const columns = layout.columns.slice(from, from + COLUMNS_A_FUNCTION);
    pieces.push(columns.map(emitColumn).join(''));
  }
  const nulls = Array.from({ length: ((layout.nullWords + 1) >> 1) * 2 }, (_, word) => `i32[r+${4 + word}]=0;`).join('');
  const begin = `const r=row>>2;i32[r]=0;i32[r+1]=0;i32[r+2]=0;i32[r+3]=0;${nulls}let p=${layout.fixedEnd};`;
  const anyNull = Array.from({ length: layout.nullWords }, (_, word) => `i32[r+${4 + word}]`).join('|');
  const end =
    `if(p>${ROW_BYTES_MAX})return ${ROW_WIDE};` +
    'for(let e=p;e&7;e++)u8[row+e]=0;' +
    (layout.nullWords > 0 ? `if((${anyNull})!==0)i32[r+3]|=${ROW_NULLS};` : '') +
    'i32[r+3]|=layout|p;return p;';
  const locals = 'let x,d=0.5,n=0;';
  if (pieces.length <= 1) {
    return `${TAKE_HELPERS}return(function(${PARAMETERS}){${begin}${locals}${pieces.join('')}${end}})`;
  }
  const functions = pieces.map(
    (piece, index) => `function piece${index}(${PARAMETERS},p){const r=row>>2;${locals}${piece}return p;}`,
  );
  const calls = pieces.map((_, index) => `p=piece${index}(${PARAMETERS},p);if(p<0)return p;`).join('');
  return `${TAKE_HELPERS}${functions.join('')}return(function(${PARAMETERS}){${begin}${calls}${end}})`;
}

function emitColumn(column: PlacedColumn): string {
  const word = `r+${column.at >> 2}`;
  const zero = Array.from({ length: Math.max(1, column.bytes >> 2) }, (_, index) => `i32[r+${(column.at >> 2) + index}]=0;`).join(
    '',
  );
  const whenNull =
    column.nullBit < 0
      ? `return ${failure(column, REASON_NULL)};`
      : `i32[r+${4 + (column.nullBit >> 5)}]|=${1 << (column.nullBit & 31)};${zero}`;
  return `x=values[${column.index}];if(x===null){${whenNull}}else{${emitValue(column, word)}}`;
}

function emitValue(column: PlacedColumn, word: string): string {
  const number = `d=x===undefined?numbers[${column.index}]:typeof x==='number'?x:NaN;`;
  const range = `return ${failure(column, REASON_RANGE)};`;
  const type = `if(d!==d)return ${failure(column, REASON_TYPE)};`;
  switch (column.kind) {
    case 'bool':
      return `d=x===undefined?numbers[${column.index}]:x===true?1:x===false?0:NaN;${type}if(d!==0&&d!==1)${range}i32[${word}]=d;`;
    case 'int16':
      return `${number}${type}if((d|0)!==d||d>32767||d< -32768)${range}i32[${word}]=d;`;
    case 'int32':
      return `${number}${type}if((d|0)!==d)${range}i32[${word}]=d;`;
    case 'date':
      return `${number}${type}if((d|0)!==d||d===2147483647||d=== -2147483648){d=dateWord(d);if(d!==d)${range}}i32[${word}]=d;`;
    case 'int64':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return emitLong(column, word, number, type, range);
    case 'float64':
      return `if(x!==undefined&&typeof x!=='number')return ${failure(column, REASON_TYPE)};if(x===undefined)f64[(row>>3)+${column.at >> 3}]=numbers[${column.index}];else f64[(row>>3)+${column.at >> 3}]=x;`;
    case 'float32':
      return `if(x!==undefined&&typeof x!=='number')return ${failure(column, REASON_TYPE)};d=x===undefined?numbers[${column.index}]:x;n=Math.fround(d);if((n===Infinity||n=== -Infinity)&&n!==d)${range}f64[(row>>3)+${column.at >> 3}]=n;`;
    case 'numeric': {
      const limit = 10 ** column.precision;
      return `d=x===undefined?numbers[${column.index}]:scaledNumber(x,${column.scale});if(x==='NaN')return ${failure(column, REASON_NAN)};${type}if(!(d<${limit}&&d>-${limit}&&Math.floor(d)===d))${range}f64[(row>>3)+${column.at >> 3}]=d+0;`;
    }
    case 'uuid':
      return `if(!putUuid(u8,row+${column.at},x))return ${failure(column, REASON_TYPE)};`;
    case 'interval':
      return `if(!putInterval(i32,${word},x))return ${failure(column, REASON_TYPE)};`;
    default:
      return emitVariable(column);
  }
}

function emitLong(column: PlacedColumn, word: string, number: string, type: string, range: string): string {
  const instant = column.kind === 'timestamp' || column.kind === 'timestamptz';
  const split = `i32[${word}]=d|0;i32[${word}+1]=Math.floor(d/4294967296);`;
  if (column.kind === 'time') return `${number}${type}if(!(d>=0&&d<=86400000000&&Math.floor(d)===d))${range}${split}`;
  const odd = instant ? `if(!putInfinite(i32,${word},d))${range}` : range;
  return (
    `if(typeof x==='bigint'){if(!putBig(i32,${word},x,${instant}))${range}}else{${number}${type}` +
    `if(d>=-9007199254740991&&d<=9007199254740991&&Math.floor(d)===d){${split}}else{${odd}}}`
  );
}

function emitVariable(column: PlacedColumn): string {
  const half = `(row>>1)+${column.at >> 1}`;
  const text = column.kind === 'text' || column.kind === 'json';
  const put =
    column.kind === 'wideNumeric' || column.kind === 'nested'
      ? `n=${column.kind === 'nested' ? 'putNested' : 'putWide'}(u8,row+p,x);`
      : (text
          ? `if(typeof x==='string'){if(x.length>${INLINE_VALUE_BYTES_MAX})return ${ROW_WIDE};n=putText(u8,bytes,row+p,x);}else `
          : '') + `n=putBytes(u8,row+p,x,${text});`;
  return (
    `if(p>${ROW_BYTES_MAX})return ${ROW_WIDE};` +
    `if(typeof x==='object'&&isReference(x)){p=(p+3)&~3;putReference(i32,row+p,x);u16[${half}]=p;u16[${half}+1]=${OVERFLOW_BIT | 16};p+=16;i32[r+3]|=${ROW_OVERFLOW};}` +
    `else{${put}if(n<0)return n===${WRONG_TYPE}?${failure(column, REASON_TYPE)}:n===${OUT_OF_RANGE}?${failure(column, REASON_RANGE)}:${ROW_WIDE};` +
    `u16[${half}]=p;u16[${half}+1]=n;p+=n;}`
  );
}

/** The error of an encoder's status below ROW_WIDE. */
export function encodeError(layout: RowLayout, status: number): SqlError {
  const column = layout.columns[(-2 - status) >> 2];
  const reason = (-2 - status) & 3;
  if (reason === REASON_NULL)
    return new SqlError(SQLSTATE.not_null_violation, `null value in column "${column.name}"`, { hint: 'the column is NOT NULL' });
  if (reason === REASON_TYPE)
    return new SqlError(
      SQLSTATE.invalid_text_representation,
      `a value for column "${column.name}" is not of type ${column.kind}`,
    );
  if (reason === REASON_NAN)
    return new SqlError(
      SQLSTATE.feature_not_supported,
      `NaN in column "${column.name}" of type ${typeText(column)} is not supported`,
      {
        hint: 'columns of type numeric, or of more than 15 digits, hold it',
      },
    );
  return new SqlError(
    SQLSTATE.numeric_value_out_of_range,
    `a value for column "${column.name}" is out of range for type ${typeText(column)}`,
  );
}

const typeText = (column: PlacedColumn): string =>
  column.kind === 'numeric' ? `numeric(${column.precision}, ${column.scale})` : column.kind;

/** Writes a value to an overflow chain and tells where it lies. No page held or latched. */
export type OverflowWriter = (bytes: Uint8Array) => OverflowReference;

/**
 * Encodes a row into `to` at `row` and moves values to overflow chains as needed: all above a quarter of a page, and then
 * the largest first until the row fits. Returns the length of the image. Errors: 23502, 22P02, 22003, and 54000 when it does
 * not fit even so. `input.values` is left as it was.
 */
export function encodeRow(layout: RowLayout, to: ByteViews, row: number, input: RowInput, writeOverflow: OverflowWriter): number {
  const encode = rowEncoder(layout);
  const { numbers, values } = input;
  const length = encode(to.i32, to.u16, to.u8, to.f64, to.bytesView, row, numbers, values);
  if (length >= 0) return length;
  if (length < ROW_WIDE) throw encodeError(layout, length);
  return encodeWide(layout, encode, to, row, input, writeOverflow);
}

const emptyOf = (kind: PlacedColumn['kind']): RowValue =>
  kind === 'wideNumeric' ? 0 : kind === 'nested' ? { kind: 'record', types: [], fields: [] } : Buffer.alloc(0);

function encodeWide(
  layout: RowLayout,
  encode: RowEncoder,
  to: ByteViews,
  row: number,
  input: RowInput,
  writeOverflow: OverflowWriter,
): number {
  const values = input.values.slice();
  const inline: { index: number; bytes: Uint8Array }[] = [];
  let size = layout.fixedEnd;
  for (const column of layout.columns) {
    const value = values[column.index];
    if (column.bytes > 0 || value === null) continue;
    if (isReference(value)) {
      size += 19;
      continue;
    }
    const bytes = variableBytes(column.kind, value);
    if (typeof bytes === 'number') throw encodeError(layout, failure(column, bytes === WRONG_TYPE ? REASON_TYPE : REASON_RANGE));
    inline.push({ index: column.index, bytes });
    size += bytes.length;
  }
  // What is wrong with a value is found before anything is written to a chain.
  const trial = values.slice();
  for (const { index } of inline) trial[index] = emptyOf(layout.columns[index].kind);
  const status = encode(to.i32, to.u16, to.u8, to.f64, to.bytesView, row, input.numbers, trial);
  if (status < ROW_WIDE) throw encodeError(layout, status);
  inline.sort((a, b) => b.bytes.length - a.bytes.length);
  const moved: typeof inline = [];
  for (const candidate of inline) {
    const length = candidate.bytes.length;
    if (length <= INLINE_VALUE_BYTES_MAX && (size <= ROW_BYTES_MAX || length <= 24)) break;
    moved.push(candidate);
    size += 19 - length;
  }
  // 19: a reference and its alignment, so this is an upper bound, and no chain is written for a row that is refused.
  if (size > ROW_BYTES_MAX) throw limitExceeded('the length of a row in bytes', size, ROW_BYTES_MAX);
  for (const { index, bytes } of moved) values[index] = writeOverflow(bytes);
  const length = encode(to.i32, to.u16, to.u8, to.f64, to.bytesView, row, input.numbers, values);
  if (length < 0)
    throw length === ROW_WIDE ? limitExceeded('the length of a row in bytes', size, ROW_BYTES_MAX) : encodeError(layout, length);
  return length;
}
