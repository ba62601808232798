/**
 * Rows of RowValues in the bytes of a RowFormat (SBLR-R1): the plain way, a value after the other. For results that no generated
 * code gives (SHOW, EXPLAIN), for rows that wait, and as what the fused writers are checked against.
 *
 * A row is there as a whole or not at all: output.at moves on when it is done.
 */

import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import type { RowOutput } from '../../plugins/contract/output.ts';
import type { LengthField, RowFormat, ValueForm } from '../../plugins/contract/row-format.ts';
import { isObjectNumber, type TypeName } from '../../engine/sblr/types.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import type { ValueContext } from '../../engine/values/context.ts';
import { outputText } from '../../engine/values/functions-casts.ts';
import { hasOwnLength, mysqlWriter } from './wire-mysql.ts';
import { BINARY_BYTES, numericRoom, putFixed, putNumeric } from './wire-binary.ts';
import { quoteValue } from './wire-quoting.ts';

/** Writes a value that is not NULL at output.at and moves it on. */
export type ValueWriter = (output: RowOutput, value: RowValue, context: ValueContext) => void;

/** Bytes of the largest prefix. */
export const PREFIX_BYTES_MAX = 9;
const PREFIX_BYTES = { none: 0, u8: 1, u16le: 2, i32be: 4, lenenc: 0 } as const;

export function putText(output: RowOutput, text: string): void {
  output.need(text.length * 3);
  output.at += output.bytes.write(text, output.at);
}

export function putBytes(output: RowOutput, value: Uint8Array): void {
  output.need(value.length);
  output.bytes.set(value, output.at);
  output.at += value.length;
}

/** Writer of a type in a form. Types without a binary form of their own are sent as their text, as PostgreSQL's are that are texts. */
export function valueWriter(given: TypeName, form: ValueForm): ValueWriter {
  const type = form === 'binary' && isObjectNumber(given) ? 'oid' : given;
  if (form === 'text') return (output, value, context) => putText(output, outputText(type, value, context));
  const width = BINARY_BYTES[type];
  if (width !== undefined) {
    return (output, value) => {
      output.need(width);
      output.at = putFixed(output.bytes, output.at, type, value);
    };
  }
  switch (type) {
    case 'numeric':
      return (output, value) => {
        const text = String(value);
        output.need(numericRoom(text.length));
        output.at = putNumeric(output.bytes, output.at, text);
      };
    case 'bytea':
      return (output, value) => putBytes(output, value as Uint8Array);
    case 'jsonb':
      return (output, value) => {
        output.need(1);
        output.bytes[output.at++] = 1;
        putText(output, value as string);
      };
    default:
      return (output, value, context) => putText(output, outputText(type, value, context));
  }
}

export type RowWriter = (output: RowOutput, values: readonly RowValue[], context: ValueContext) => void;

/** Writer of rows of these types. */
export function rowWriter(format: RowFormat, types: readonly TypeName[]): RowWriter {
  const writers = types.map((type, column) => {
    const form = format.columns[column];
    return form === 'mysqlText' || form === 'mysqlBinary'
      ? mysqlWriter(type, form, format.secondDigits[column] ?? -1)
      : valueWriter(type, form);
  });
  const own = types.map((type, column) => hasOwnLength(type, format.columns[column]));
  const { begin, head, between, end, nil, free, length, nullBits } = format;
  return (output, values, context) => {
    const start = output.at;
    try {
      output.need(free + begin.length + 4 + head.length);
      output.at += free;
      putConstants(output, begin);
      const frame = output.at;
      if (length !== null) output.at += length.bytes;
      putConstants(output, head);
      if (nullBits !== null) putNullBits(output, values, writers.length, nullBits);
      for (let column = 0; column < writers.length; column++) {
        if (column > 0) putConstants(output, between);
        const value = values[column];
        if (value === null) putConstants(output, nil);
        else if (own[column]) writers[column](output, value, context);
        else putValue(output, format, column, writers[column], value, context);
      }
      putConstants(output, end);
      closeFrame(output, format, frame);
    } catch (error) {
      output.at = start;
      throw error;
    }
  };
}

function putNullBits(output: RowOutput, values: readonly RowValue[], count: number, first: number): void {
  const bytes = (count + first + 7) >> 3;
  output.need(bytes);
  output.bytes.fill(0, output.at, output.at + bytes);
  for (let column = 0; column < count; column++) {
    const bit = column + first;
    if (values[column] === null) output.bytes[output.at + (bit >> 3)] |= 1 << (bit & 7);
  }
  output.at += bytes;
}

export function putConstants(output: RowOutput, constants: readonly number[]): void {
  output.need(constants.length);
  for (const byte of constants) output.bytes[output.at++] = byte;
}

function putValue(
  output: RowOutput,
  format: RowFormat,
  column: number,
  writer: ValueWriter,
  value: RowValue,
  context: ValueContext,
): void {
  const start = output.at;
  output.need(PREFIX_BYTES_MAX);
  output.at += PREFIX_BYTES[format.prefix];
  const from = output.at;
  writer(output, value, context);
  if (format.quoting !== null) quoteValue(output, from, format.quoting, format.nil, column);
  putPrefix(output, format, start, from);
  if (format.padding > 1) pad(output, start, format.padding);
}

function putPrefix(output: RowOutput, format: RowFormat, start: number, from: number): void {
  const { bytes } = output;
  const length = output.at - from;
  switch (format.prefix) {
    case 'none':
      return;
    case 'u8':
      if (length > 0xff) throw tooLong(length, 0xff);
      bytes[start] = length;
      return;
    case 'u16le':
      if (length > 0xffff) throw tooLong(length, 0xffff);
      bytes.writeUInt16LE(length, start);
      return;
    case 'i32be':
      bytes.writeInt32BE(length, start);
      return;
    case 'lenenc':
      lengthEncoded(output, start, length);
  }
}

/** MySQL's: one byte, or a mark and 2, 3 or 8 bytes; the value is moved to make room. */
function lengthEncoded(output: RowOutput, start: number, length: number): void {
  const width = length < 251 ? 0 : length < 0x10000 ? 2 : length < 0x1000000 ? 3 : 8;
  output.need(width + 1);
  const { bytes } = output;
  bytes.copyWithin(start + 1 + width, start, output.at);
  output.at += 1 + width;
  if (width === 0) bytes[start] = length;
  else {
    bytes[start] = width === 2 ? 0xfc : width === 3 ? 0xfd : 0xfe;
    if (width === 8) bytes.writeBigUInt64LE(BigInt(length), start + 1);
    else bytes.writeUIntLE(length, start + 1, width);
  }
}

function pad(output: RowOutput, start: number, multiple: number): void {
  const rest = (output.at - start) % multiple;
  if (rest === 0) return;
  output.need(multiple - rest);
  output.bytes.fill(0, output.at, output.at + multiple - rest);
  output.at += multiple - rest;
}

/** The row's length into its field. 54000 when it is larger than a frame may be. */
function closeFrame(output: RowOutput, { length, frameMax }: RowFormat, frame: number): void {
  if (length === null) return;
  const counted = output.at - frame - (length.countsItself ? 0 : length.bytes);
  if (counted > frameMax) throw tooLong(counted, frameMax);
  putLength(output.bytes, frame, length, counted);
}

function putLength(bytes: Buffer, at: number, { bytes: width, littleEndian }: LengthField, value: number): void {
  if (littleEndian) bytes.writeUIntLE(value, at, width);
  else bytes.writeUIntBE(value, at, width);
}

export const tooLong = (length: number, most: number): SqlError =>
  new SqlError(SQLSTATE.program_limit_exceeded, `a row of the result is too long: ${length} bytes, at most ${most} can be sent`);
