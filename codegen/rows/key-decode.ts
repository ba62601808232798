/**
 * Keys back to values, for index-only answers and for the inspector. Runs once a value at a boundary; nothing is generated.
 */

import type { ColumnKind, PlacedColumn, RowLayout } from '../../engine/storage/rows/row-layout.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import type { IndexKind, KeyScratch } from '../../engine/storage/rows/runtime.ts';
import { readWideNumericKey } from '../../engine/storage/rows/wide-numeric.ts';
import { unmapFloat } from './key-codec.ts';
import type { KeyColumn } from './key-extractor.ts';
import { INSTANT_KEY_BIAS, readDate, readInstant, readLong, readUuid, scaledText } from './row-helpers.ts';

/** Whether all columns of a key can be had back: not collated text, nor blanks at the end of char(n); of numerics and intervals an equal value. */
export const keyIsInvertible = (layout: RowLayout, keys: readonly KeyColumn[]): boolean =>
  keys.every(
    (key) =>
      key.collation === undefined &&
      layout.columns[key.column].blankPadded !== true &&
      layout.columns[key.column].kind !== 'nested',
  );

/** Where decoding stands in the bytes of a key. */
interface Position {
  at: number;
}

/**
 * The values of a key's columns, in the order of the index; undefined for collated text. A wide numeric comes in its lowest
 * scale, an interval as days and microseconds, -0 as 0.
 */
export function decodeKey(
  layout: RowLayout,
  keys: readonly KeyColumn[],
  kind: IndexKind,
  key: KeyScratch,
): (RowValue | undefined)[] {
  if (kind !== 'bytes') return [decodeWords(layout.columns[keys[0].column], keys[0], kind, key)];
  const position = { at: 0 };
  return keys.map((part, index) => {
    const column = layout.columns[part.column];
    if (column.nullable && key.u8[position.at++] !== 1) return null;
    return decodeBytes(column, part, index === keys.length - 1, key, position);
  });
}

function decodeWords(column: PlacedColumn, part: KeyColumn, kind: IndexKind, key: KeyScratch): RowValue {
  const mask = part.descending === true ? -1 : 0;
  if (kind === 'i32') return shortValue(column.kind, key.i32[0] ^ mask);
  const high = key.i32[0];
  const low = key.i32[1];
  if (column.nullable && ((high === -0x80000000 && low === 0) || (high === 0x7fffffff && low === -1))) return null;
  return column.bytes === 4 ? shortValue(column.kind, low ^ mask) : longValue(column, low ^ mask, high ^ mask);
}

const shortValue = (kind: ColumnKind, word: number): RowValue =>
  kind === 'bool' ? word !== 0 : kind === 'date' ? readDate(word) : word;

function longValue(column: PlacedColumn, low: number, high: number): RowValue {
  switch (column.kind) {
    case 'float32':
    case 'float64':
      return unmapFloat(low, high);
    case 'numeric':
      return scaledText(Number(readLong(low, high)), column.scale);
    case 'timestamp':
    case 'timestamptz':
      return readInstant(low, (high - INSTANT_KEY_BIAS) | 0);
    default:
      return readLong(low, high);
  }
}

const wordAt = (u8: Uint8Array, at: number, mask: number): number =>
  ((u8[at] << 24) | (u8[at + 1] << 16) | (u8[at + 2] << 8) | u8[at + 3]) ^ mask;

function decodeBytes(
  column: PlacedColumn,
  part: KeyColumn,
  last: boolean,
  key: KeyScratch,
  position: Position,
): RowValue | undefined {
  const { u8 } = key;
  const at = position.at;
  const mask = part.descending === true ? 0xff : 0;
  const words = part.descending === true ? -1 : 0;
  if (column.kind === 'bool') {
    position.at = at + 1;
    return (u8[at] ^ mask) !== 0;
  }
  if (column.bytes === 4) {
    position.at = at + 4;
    return shortValue(column.kind, wordAt(u8, at, words) ^ -0x80000000);
  }
  if (column.bytes === 8) {
    position.at = at + 8;
    return longValue(column, wordAt(u8, at + 4, words), wordAt(u8, at, words) ^ -0x80000000);
  }
  if (column.kind === 'uuid') {
    position.at = at + 16;
    return readUuid(Buffer.from(u8.subarray(at, at + 16).map((byte) => byte ^ mask)), 0);
  }
  if (column.kind === 'interval') {
    position.at = at + 11;
    return { months: 0, days: unsignedAt(u8, at, 6, mask) - 2 ** 47, microseconds: unsignedAt(u8, at + 6, 5, mask) };
  }
  if (column.kind === 'wideNumeric') {
    const found = readWideNumericKey(u8, at, mask);
    position.at = found.end;
    return found.text;
  }
  const bytes = last && mask === 0 && part.collation === undefined ? tailBytes(key, position) : escapedBytes(key, position, mask);
  if (part.collation !== undefined || column.kind === 'nested') return undefined;
  return column.kind === 'bytes' ? bytes : bytes.toString();
}

function unsignedAt(u8: Uint8Array, at: number, bytes: number, mask: number): number {
  let value = 0;
  for (let byte = 0; byte < bytes; byte++) value = value * 256 + (u8[at + byte] ^ mask);
  return value;
}

function tailBytes(key: KeyScratch, position: Position): Buffer {
  const bytes = Buffer.from(key.u8.subarray(position.at, key.length));
  position.at = key.length;
  return bytes;
}

function escapedBytes(key: KeyScratch, position: Position, mask: number): Buffer {
  const bytes: number[] = [];
  let at = position.at;
  for (; at < key.length; at++) {
    const byte = key.u8[at] ^ mask;
    if (byte === 0 && (key.u8[++at] ^ mask) === 0) break;
    bytes.push(byte);
  }
  position.at = at + 1;
  return Buffer.from(bytes);
}
