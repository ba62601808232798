/** Column definitions of results and parameters, and how their rows are written. */

import type { WireColumn } from '../../../plugins/contract/connection.ts';
import { type RowFormat, rowFormat } from '../../../plugins/contract/row-format.ts';
import { columnFace, formsOf, shownDigits } from '../types.ts';
import { LONGEST, type PacketWriter } from './packets.ts';
import { BINARY_COLLATION } from './words.ts';

const VAR_STRING = 253;
const FIXED_BYTES = 12;
const FIRST_NULL_BIT = 2;

export function putColumn(writer: PacketWriter, { name, type }: WireColumn): void {
  const face = columnFace(type);
  writer.begin();
  writer.lengthText('def');
  // Database, table, and the table's own name: a column does not say where it comes from.
  for (let count = 0; count < 3; count++) writer.lengthText('');
  writer.lengthText(name);
  writer.lengthText('');
  writer.uint(FIXED_BYTES, 1);
  writer.uint(face.collation, 2);
  writer.uint(face.length, 4);
  writer.uint(face.type, 1);
  writer.uint(face.flags, 2);
  writer.uint(face.decimals, 1);
  writer.zeros(2);
  writer.end();
}

export function putParameter(writer: PacketWriter): void {
  writer.begin();
  writer.lengthText('def');
  for (let count = 0; count < 3; count++) writer.lengthText('');
  writer.lengthText('?');
  writer.lengthText('');
  writer.uint(FIXED_BYTES, 1);
  writer.uint(BINARY_COLLATION, 2);
  writer.uint(0, 4);
  writer.uint(VAR_STRING, 1);
  writer.uint(0, 2);
  writer.uint(0, 1);
  writer.zeros(2);
  writer.end();
}

/** Rows of the text protocol, and of the binary one. The packets' numbers are filled in when they leave. */
export function formatOf(columns: readonly WireColumn[], isBinary: boolean): RowFormat {
  const types = columns.map(({ type }) => type);
  return rowFormat({
    length: { bytes: 4, littleEndian: true, countsItself: false },
    prefix: 'lenenc',
    frameMax: LONGEST - 1,
    secondDigits: types.map(shownDigits),
    ...(isBinary
      ? { head: [0], nil: [], nullBits: FIRST_NULL_BIT, columns: formsOf(types, 'mysqlBinary') }
      : { nil: [0xfb], columns: formsOf(types, 'mysqlText') }),
  });
}
