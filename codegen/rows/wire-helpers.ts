/**
 * What generated writers call (SBLR-R2): room in the output, bytes that vary in length, lengths. `room` is what the rest of a row
 * takes at most of fixed width: it is there again behind each of these, so that what is fixed is written without a look.
 *
 * Hot: put... return where they ended; output.bytes may be another one then.
 */

import { binaryArray } from './wire-array.ts';
import type { RowOutput } from '../../plugins/contract/output.ts';
import type { Quoting } from '../../plugins/contract/row-format.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { wideNumericText } from '../../engine/storage/rows/wide-numeric.ts';
import type { ValueContext } from '../../engine/values/context.ts';
import { outputText } from '../../engine/values/functions-casts.ts';
import { scaledText } from './row-helpers.ts';
import { tooLong } from './row-writer.ts';
import {
  isShortScaled,
  numericRoom,
  putByte,
  putDay,
  putDouble,
  putHalf,
  putInstant,
  putInterval,
  putLong,
  putLongWords,
  putNumeric,
  putScaledNumeric,
  putSingle,
  putUuidText,
  putWord,
  SCALED_NUMERIC_BYTES,
} from './wire-binary.ts';
import { quoteValue } from './wire-quoting.ts';
import {
  putAscii,
  putDate,
  putFlag,
  putFloat4,
  putFloat8,
  putHex,
  putInt,
  putLongDigits,
  putLongText,
  putScaled,
  putTime,
  putTimestamp,
  putTimestamptz,
  putTimestamptzWords,
  putTimestampWords,
  putUuid,
} from './wire-text.ts';

/** Shorter pieces are copied byte by byte. */
const LOOP_MAX = 24;

/** Memory with room for so many bytes from `at` on. */
export function outputRoom(output: RowOutput, at: number, bytes: number): Buffer {
  output.at = at;
  output.need(bytes);
  return output.bytes;
}

/** Copies a piece of a buffer. */
export function putPiece(output: RowOutput, at: number, from: Buffer, place: number, length: number, room: number): number {
  let { bytes } = output;
  if (bytes.length - at < length + room) bytes = outputRoom(output, at, length + room);
  if (length < LOOP_MAX) for (let index = 0; index < length; index++) bytes[at + index] = from[place + index];
  else from.copy(bytes, at, place, place + length);
  return at + length;
}

/** A value's bytes from an overflow chain. */
export const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** What toString() and write() call in the end. */
interface Writes {
  utf8Write(text: string, at: number, length: number): number;
}

const TEXT_LOOP_MAX = 24;

export function putString(output: RowOutput, at: number, text: string, room: number): number {
  const { length } = text;
  let { bytes } = output;
  if (bytes.length - at < length * 3 + room) bytes = outputRoom(output, at, length * 3 + room);
  if (length <= TEXT_LOOP_MAX) {
    let index = 0;
    for (; index < length; index++) {
      const code = text.charCodeAt(index);
      if (code > 127) break;
      bytes[at + index] = code;
    }
    if (index === length) return at + length;
  }
  return at + (bytes as unknown as Writes).utf8Write(text, at, length * 3);
}

export function putHexOf(output: RowOutput, at: number, from: Uint8Array, place: number, length: number, room: number): number {
  let { bytes } = output;
  const needed = 2 + 2 * length + room;
  if (bytes.length - at < needed) bytes = outputRoom(output, at, needed);
  return putHex(bytes, at, from, place, length);
}

export const putBytesOf = (output: RowOutput, at: number, from: Uint8Array, room: number): number =>
  putPiece(output, at, bufferOf(from), 0, from.length, room);

/** Whatever has no encoder of its own goes through its text. */
export const putOutputText = (
  output: RowOutput,
  at: number,
  type: string,
  value: RowValue,
  context: ValueContext,
  room: number,
): number => putString(output, at, outputText(type, value, context), room);

const SPECIAL_KIND = 2;

/** A wide numeric from its bytes in a row: digits of the words, the point moved in. */
export function putWideDigits(
  output: RowOutput,
  at: number,
  from: Uint8Array,
  place: number,
  length: number,
  room: number,
): number {
  const kind = from[place];
  const words = (length - 4) >> 2;
  const scale = from[place + 2] | (from[place + 3] << 8);
  if (kind >= SPECIAL_KIND || words === 0 || (words > 2 && words * 9 <= scale + 9))
    return putString(output, at, wideNumericText(from, place, length), room);
  const needed = words * 9 + 24 + room;
  let { bytes } = output;
  if (bytes.length - at < needed) bytes = outputRoom(output, at, needed);
  let to = at;
  if (words <= 2) {
    const value = wordOf(from, place + 4) + (words === 2 ? wordOf(from, place + 8) * 1e9 : 0);
    if (value < 1e15 && scale <= 15) return putScaled(bytes, at, kind === 1 ? -value : value, scale);
    if (words * 9 <= scale + 9) return putString(output, at, wideNumericText(from, place, length), room);
  }
  if (kind === 1) bytes[to++] = 45;
  for (let word = words; word > 0; word--) {
    const value = wordOf(from, place + 4 * word);
    to = word === words ? putInt(bytes, to, value) : putNine(bytes, to, value);
  }
  if (scale === 0) return to;
  bytes.copyWithin(to - scale + 1, to - scale, to);
  bytes[to - scale] = 46;
  return to + 1;
}

const wordOf = (from: Uint8Array, at: number): number =>
  from[at] | (from[at + 1] << 8) | (from[at + 2] << 16) | (from[at + 3] << 24);

/** Nine digits, zeros in front. */
function putNine(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  for (let index = at + 8; index >= at; index--) {
    const less = (rest / 10) | 0;
    bytes[index] = 48 + rest - less * 10;
    rest = less;
  }
  return at + 9;
}

export function putNumericText(output: RowOutput, at: number, text: string, room: number): number {
  const needed = numericRoom(text.length) + room;
  const bytes = output.bytes.length - at < needed ? outputRoom(output, at, needed) : output.bytes;
  return putNumeric(bytes, at, text);
}

/** The same of a scaled integer. */
export function putScaledBinary(output: RowOutput, at: number, value: number, scale: number, room: number): number {
  if (!isShortScaled(value, scale)) return putNumericText(output, at, scaledText(value, scale), room);
  const needed = SCALED_NUMERIC_BYTES + room;
  const bytes = output.bytes.length - at < needed ? outputRoom(output, at, needed) : output.bytes;
  return putScaledNumeric(bytes, at, value, scale);
}

export const wideNumericOf = (from: Uint8Array, place: number, length: number): string => wideNumericText(from, place, length);

/** Quotes or backslashes for the value in [from, at). */
export function putQuotes(
  output: RowOutput,
  at: number,
  from: number,
  quoting: Quoting,
  nil: readonly number[],
  column: number,
  room: number,
): number {
  output.at = at;
  quoteValue(output, from, quoting, nil, column);
  output.need(room);
  return output.at;
}

export function putList(bytes: Uint8Array, at: number, list: readonly number[]): number {
  for (let index = 0; index < list.length; index++) bytes[at + index] = list[index];
  return at + list.length;
}

export function refuseLength(length: number, most: number): void {
  throw tooLong(length, most);
}

/** By name, for generated code: codecs of keys have names of the same kind. */
export const wireHelpers = {
  wireOutputRoom: outputRoom,
  wirePutPiece: putPiece,
  wireBufferOf: bufferOf,
  wirePutString: putString,
  wirePutHexOf: putHexOf,
  wirePutBytesOf: putBytesOf,
  wireArrayOf: binaryArray,
  wirePutOutputText: putOutputText,
  wirePutWideDigits: putWideDigits,
  wirePutNumericText: putNumericText,
  wirePutScaledBinary: putScaledBinary,
  wireWideNumericOf: wideNumericOf,
  wirePutQuotes: putQuotes,
  wirePutList: putList,
  wireRefuseLength: refuseLength,
  wireScaledText: scaledText,
  wirePutByte: putByte,
  wirePutWord: putWord,
  wirePutHalf: putHalf,
  wirePutLong: putLong,
  wirePutLongWords: putLongWords,
  wirePutDouble: putDouble,
  wirePutSingle: putSingle,
  wirePutDay: putDay,
  wirePutInstant: putInstant,
  wirePutIntervalBytes: putInterval,
  wirePutUuidText: putUuidText,
  wirePutAscii: putAscii,
  wirePutFlag: putFlag,
  wirePutInt: putInt,
  wirePutLongText: putLongText,
  wirePutLongDigits: putLongDigits,
  wirePutScaled: putScaled,
  wirePutFloat8: putFloat8,
  wirePutFloat4: putFloat4,
  wirePutDate: putDate,
  wirePutTime: putTime,
  wirePutTimestamp: putTimestamp,
  wirePutTimestampWords: putTimestampWords,
  wirePutTimestamptz: putTimestamptz,
  wirePutTimestamptzWords: putTimestamptzWords,
  wirePutUuidBytes: putUuid,
} as const;
