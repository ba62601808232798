/**
 * From the bytes of a message to what generated code reads (SBLR-R4): parameters in text or PostgreSQL's binary form, checked for
 * UTF-8, length and range. 08P01 for a wrong number of them, 22P02 and the like for texts, 22P03 for bytes, 22021 for no UTF-8.
 *
 * Hot: integers are read without an allocation, short texts make one string.
 */

import type { EncodedValues } from '../../plugins/contract/encoded-values.ts';
import type { ValueForm } from '../../plugins/contract/row-format.ts';
import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { Parameters } from '../plan/program.ts';
import type { SqlType } from '../sblr/types.ts';
import type { ValueContext } from '../values/context.ts';
import { inputValue } from '../values/functions-casts.ts';
import { binaryValue, textOfBytes, tooLongBinary } from './binary-values.ts';
import { putRowValue } from './parameters.ts';
import { isPlainDecimal, quickDate, quickFloat, quickTimestamp } from './quick-texts.ts';
import type { ShapeParts } from './shape.ts';

type Parts = Pick<ShapeParts, 'clientParameters' | 'parameters'>;

export function decodeParameters(parts: Parts, given: EncodedValues, to: Parameters, context: ValueContext): void {
  const { clientParameters, parameters } = parts;
  if (given.count !== clientParameters) {
    throw new SqlError(
      SQLSTATE.protocol_violation,
      `bind message supplies ${given.count} parameters, but prepared statement requires ${clientParameters}`,
    );
  }
  for (let index = 0; index < clientParameters; index++) {
    const form = given.forms[index];
    decodeParameter(to, index, parameters[index], form, given.bytes, given.starts[index], given.lengths[index], context);
  }
}

/** One value into its slot; `length` -1: NULL. */
export function decodeParameter(
  to: Parameters,
  index: number,
  type: SqlType,
  form: ValueForm,
  bytes: Buffer,
  start: number,
  length: number,
  context: ValueContext,
): void {
  if (length < 0) putRowValue(to, index, type, null);
  else if (form === 'binary') decodeBinary(to, index, type, bytes, start, length, context);
  else if (!putQuick(to, index, type, bytes, start, length))
    putRowValue(to, index, type, inputValue(type.name, textOfBytes(bytes, start, length), context));
}

function decodeBinary(
  to: Parameters,
  index: number,
  type: SqlType,
  bytes: Buffer,
  start: number,
  length: number,
  context: ValueContext,
): void {
  try {
    putRowValue(to, index, type, binaryValue(bytes, start, length, type.name, context));
  } catch (error) {
    if (error instanceof SqlError && error.code === '22P03' && error.message.startsWith('incorrect'))
      throw tooLongBinary(`bind parameter ${index + 1}`);
    throw error;
  }
}

/** Texts in their usual form. False: the input function reads it. */
function putQuick(to: Parameters, index: number, type: SqlType, bytes: Buffer, start: number, length: number): boolean {
  switch (type.name) {
    case 'int4':
    case 'int8':
      return putDigits(to, index, type, bytes, start, length);
    case 'text':
    case 'varchar':
      to.nulls[index] = 0;
      to.values[index] = textOfBytes(bytes, start, length);
      return true;
    case 'float8':
      return putKnown(to, index, quickFloat(bytes, start, length));
    case 'date':
      return putKnown(to, index, quickDate(bytes, start, length));
    case 'timestamp':
      return putKnown(to, index, quickTimestamp(bytes, start, length));
    case 'numeric':
      if (!isPlainDecimal(bytes, start, length)) return false;
      putRowValue(to, index, type, textOfBytes(bytes, start, length));
      return true;
    default:
      return false;
  }
}

function putKnown(to: Parameters, index: number, value: number): boolean {
  if (Number.isNaN(value)) return false;
  to.nulls[index] = 0;
  to.numbers[index] = value;
  to.values[index] = undefined;
  return true;
}

/** Digits of an integer that fits for certain: no text is made of them. False: it is something else. */
function putDigits(to: Parameters, index: number, type: SqlType, bytes: Buffer, start: number, length: number): boolean {
  const { name } = type;
  const negative = length > 1 && bytes[start] === 45;
  const from = negative ? start + 1 : start;
  const digits = start + length - from;
  if (digits === 0 || digits > (name === 'int4' ? 9 : 15)) return false;
  let value = 0;
  for (let at = from; at < from + digits; at++) {
    const digit = bytes[at] - 48;
    if (digit < 0 || digit > 9) return false;
    value = value * 10 + digit;
  }
  to.nulls[index] = 0;
  to.numbers[index] = negative && value !== 0 ? -value : value;
  to.values[index] = undefined;
  return true;
}
