/**
 * Arrays in PostgreSQL's binary form: dimensions, whether there are NULLs, number of the elements' type; for each dimension its elements
 * and first index; for each element its bytes (-1: NULL) and the value in its own binary form. All numbers are words, high byte first.
 */

import { describeType } from '../../engine/catalog/virtual/describe.ts';
import type { TypeName } from '../../engine/sblr/types.ts';
import type { ArrayValue } from '../../engine/storage/rows/nested-value.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import type { ValueContext } from '../../engine/values/context.ts';
import { outputText } from '../../engine/values/functions-casts.ts';
import { BINARY_BYTES, numericRoom, putFixed, putNumeric } from './wire-binary.ts';

function itemBytes(type: TypeName, item: RowValue, context: ValueContext): Uint8Array {
  const fixed = type.startsWith('reg') ? 4 : BINARY_BYTES[type];
  if (fixed !== undefined) {
    const bytes = Buffer.alloc(fixed);
    putFixed(bytes, 0, type.startsWith('reg') ? 'oid' : type, item);
    return bytes;
  }
  if (item instanceof Uint8Array) return item;
  if (type !== 'numeric') return Buffer.from(`${type === 'jsonb' ? '\u0001' : ''}${outputText(type, item, context)}`);
  const bytes = Buffer.alloc(numericRoom((item as string).length));
  return bytes.subarray(0, putNumeric(bytes, 0, item as string));
}

export function binaryArray({ element, lengths, lowers, items }: ArrayValue, context: ValueContext): Buffer {
  const type = element as TypeName;
  const head = Buffer.alloc(12 + 8 * lengths.length);
  head.writeInt32BE(lengths.length, 0);
  head.writeInt32BE(items.includes(null) ? 1 : 0, 4);
  head.writeUInt32BE(describeType(type).oid, 8);
  lengths.forEach((length, index) => {
    head.writeInt32BE(length, 12 + 8 * index);
    head.writeInt32BE(lowers[index], 16 + 8 * index);
  });
  const pieces: Uint8Array[] = [head];
  for (const item of items) {
    const length = Buffer.alloc(4);
    const bytes = item === null ? null : itemBytes(type, item, context);
    length.writeInt32BE(bytes === null ? -1 : bytes.length, 0);
    pieces.push(length);
    if (bytes !== null) pieces.push(bytes);
  }
  return Buffer.concat(pieces);
}
