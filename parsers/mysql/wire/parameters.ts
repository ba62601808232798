/**
 * Values of COM_STMT_EXECUTE (dev.mysql.com/doc/dev/mysql-server, 'Binary Protocol Value'): read into texts, which the engine reads again
 * by the types that the client gave.
 */

import { plainError } from '../../../engine/sblr/parse-error.ts';
import type { EncodedValues } from '../../../plugins/contract/encoded-values.ts';
import { isClockType, isFloatType, isTimeType, parameterBytes, parameterType } from '../types.ts';
import { type PacketReader, textOf } from './packets.ts';

/** What a client says of a parameter. */
export interface ParameterType {
  readonly number: number;
  readonly unsigned: boolean;
}

const UNSIGNED = 0x80;
const LONGLONG_BYTES = 8;
const NO_TYPE = 6;

export interface GivenParameters {
  /** Of the engine, by name; null: the client says nothing. */
  readonly types: readonly (string | null)[];
  readonly texts: readonly (string | null)[];
}

/** The types that stand in front of the values. */
export function readTypes(reader: PacketReader, count: number): ParameterType[] {
  return Array.from({ length: count }, () => {
    const number = reader.u8();
    return { number, unsigned: (reader.u8() & UNSIGNED) !== 0 };
  });
}

/** `long`: what COM_STMT_SEND_LONG_DATA has brought, by place. */
export function readValues(
  reader: PacketReader,
  types: readonly ParameterType[],
  nulls: Buffer,
  long: ReadonlyMap<number, Buffer>,
): GivenParameters {
  const names: (string | null)[] = [];
  const texts: (string | null)[] = [];
  for (const [place, type] of types.entries()) {
    const known = parameterType(type.number);
    if (known === undefined) throw plainError('0A000', `a parameter of the type ${type.number} is not supported`);
    const isNull = (nulls[place >> 3] & (1 << (place & 7))) !== 0;
    const sent = long.get(place);
    if (sent !== undefined) {
      names.push('text');
      texts.push(textOf(sent));
    } else if (isNull || type.number === NO_TYPE) {
      names.push(null);
      texts.push(null);
    } else {
      const text = readValue(reader, type);
      // JavaScript's clients send all numbers as doubles.
      const isWhole = isFloatType(type.number) && /^-?\d{1,15}$/.test(text);
      const isBeyond = type.unsigned && parameterBytes(type.number) === LONGLONG_BYTES && BigInt(text) > 0x7fffffffffffffffn;
      names.push(isWhole ? 'int8' : isBeyond ? 'numeric' : known);
      texts.push(text);
    }
  }
  return { types: names, texts };
}

function readValue(reader: PacketReader, { number, unsigned }: ParameterType): string {
  const width = parameterBytes(number);
  if (isTimeType(number)) return readTime(reader, isClockType(number));
  if (width === 0) return textOf(reader.take(reader.length()));
  const bytes = reader.take(width);
  if (isFloatType(number)) return String(width === 4 ? Math.fround(bytes.readFloatLE()) : bytes.readDoubleLE());
  if (width === LONGLONG_BYTES) return String(unsigned ? bytes.readBigUInt64LE() : bytes.readBigInt64LE());
  return String(unsigned ? bytes.readUIntLE(0, width) : bytes.readIntLE(0, width));
}

const two = (value: number): string => String(value).padStart(2, '0');

function readTime(reader: PacketReader, isClock: boolean): string {
  const length = reader.u8();
  const field = Buffer.alloc(12);
  reader.take(length).copy(field);
  if (isClock) {
    const hours = field.readUInt32LE(1) * 24 + field[5];
    if (field[0] !== 0 || hours > 23) throw plainError('22007', 'a time is at most 23:59:59.999999 here');
    return `${two(hours)}:${two(field[6])}:${two(field[7])}.${String(field.readUInt32LE(8)).padStart(6, '0')}`;
  }
  const date = `${String(field.readUInt16LE(0)).padStart(4, '0')}-${two(field[2])}-${two(field[3])}`;
  if (length <= 4) return date;
  return `${date} ${two(field[4])}:${two(field[5])}:${two(field[6])}.${String(field.readUInt32LE(7)).padStart(6, '0')}`;
}

/** The texts as a message would have brought them. */
export function putTexts(values: EncodedValues, texts: readonly (string | null)[]): void {
  const encoded = texts.map((text) => (text === null ? null : Buffer.from(text)));
  values.begin(Buffer.concat(encoded.filter((one) => one !== null)));
  let at = 0;
  for (const one of encoded) {
    values.add(at, one?.length ?? -1, 'text');
    at += one?.length ?? 0;
  }
}
