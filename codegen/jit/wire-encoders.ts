/**
 * Encoders as emitters, one for each (engine type, wire form): SBLR-R2. A column of an image is written from its words and bytes as
 * they lie there; what was computed, or kept in memory, from the value. A type without an encoder goes through its text.
 */

import type { ValueForm } from '../../plugins/contract/row-format.ts';
import type { BytesFormat } from '../../engine/plan/program.ts';
import { elementOf, isObjectNumber, type SqlType } from '../../engine/sblr/types.ts';
import { OVERFLOW_BIT } from '../../engine/storage/rows/row-image.ts';
import { BINARY_BYTES } from '../rows/wire-binary.ts';
import { SCALED_BYTES, TEXT_BYTES } from '../rows/wire-text.ts';
import type { Emitter } from './emitter.ts';
import { notNullCode, type Value } from './value.ts';

export interface Encoder {
  /** Bytes of the longest value; 0: it varies, and looks for room itself. */
  readonly room: number;
  /** Writes code that writes the value, which is not NULL, at y. */
  emit(emitter: Emitter, value: Value, format: BytesFormat, room: number): void;
}

/** A column of an image, as long as the value is just that. */
const imageOf = ({ image, code }: Value) => (image !== undefined && image.code === code ? image : null);

const isPiece = (value: Value, ...kinds: readonly string[]): NonNullable<Value['image']> | null => {
  const image = imageOf(value);
  return image !== null && kinds.includes(image.column.kind) ? image : null;
};

/** Where the words of a column lie. */
const wordsOf = ({ column, row }: NonNullable<Value['image']>): string =>
  `i32[(${row}>>2)+${column.at >> 2}],i32[(${row}>>2)+${(column.at >> 2) + 1}]`;

const valueCode = (emitter: Emitter, value: Value): string => notNullCode(value, emitter.unit.use);

type CodeOf = (emitter: Emitter, value: Value) => string;

/** `put` of the value as its rep has it, or of the two words of a column of this kind. */
const plain = (room: number, put: string, codeOf: CodeOf, words: readonly [kind: string, put: string] | null): Encoder => ({
  room,
  emit: (emitter, value) => {
    const image = words === null ? null : isPiece(value, words[0]);
    const { use } = emitter.unit;
    if (image !== null && words !== null) emitter.emit(`y=${use(words[1])}(By,y,${wordsOf(image)});`);
    else emitter.emit(`y=${use(put)}(By,y,${codeOf(emitter, value)});`);
  },
});

const numberCode = (_: Emitter, { code }: Value): string => code;
const flagCode = (_: Emitter, { rep, code }: Value): string => (rep === 'v' ? `(${code}===true?1:0)` : code);
const dateWordCode = (emitter: Emitter, { rep, code }: Value): string =>
  rep === 'v' ? `${emitter.unit.use('dateWord')}(${code})` : code;

/** The bytes of a column that vary in length; `put` takes (Ou, y, buffer, place, length, room). */
function emitPiece(emitter: Emitter, { column, row }: NonNullable<Value['image']>, put: string, room: number): void {
  const { use } = emitter.unit;
  const at = `(${row}>>1)+${column.at >> 1}`;
  emitter.emit(
    `let b=bytes,a=${row}+u16[${at}],n=u16[${at}+1];` +
      `if((n&${OVERFLOW_BIT})!==0){b=${use('wireBufferOf')}(overflow(i32,a));a=0;n=b.length;}` +
      `y=${use(put)}(Ou,y,b,a,n,${room});By=Ou.bytes;`,
  );
}

/** Texts that are sent as they are. */
const text: Encoder = {
  room: 0,
  emit: (emitter, value, _, room) => {
    const image = isPiece(value, 'text', 'json');
    const { use } = emitter.unit;
    if (image !== null) emitPiece(emitter, image, 'wirePutPiece', room);
    else emitter.emit(`y=${use('wirePutString')}(Ou,y,${valueCode(emitter, value)},${room});By=Ou.bytes;`);
  },
};

/** jsonb in binary form: the number of its version before the text. */
const jsonbBinary: Encoder = {
  room: 0,
  emit: (emitter, value, format, room) => {
    emitter.emit('By[y++]=1;');
    text.emit(emitter, value, format, room);
  },
};

const byteaText: Encoder = {
  room: 0,
  emit: (emitter, value, _, room) => {
    const image = isPiece(value, 'bytes');
    if (image !== null) return emitPiece(emitter, image, 'wirePutHexOf', room);
    const bytes = emitter.hold(valueCode(emitter, value));
    emitter.emit(`y=${emitter.unit.use('wirePutHexOf')}(Ou,y,${bytes},0,${bytes}.length,${room});By=Ou.bytes;`);
  },
};

const byteaBinary: Encoder = {
  room: 0,
  emit: (emitter, value, _, room) => {
    const image = isPiece(value, 'bytes');
    if (image !== null) return emitPiece(emitter, image, 'wirePutPiece', room);
    emitter.emit(`y=${emitter.unit.use('wirePutBytesOf')}(Ou,y,${valueCode(emitter, value)},${room});By=Ou.bytes;`);
  },
};

/** A numeric that is a scaled integer in a double. */
const isScaled = ({ rep, exact }: Value): boolean => rep === 'd' && exact === undefined;

const numericText: Encoder = {
  room: 0,
  emit: (emitter, value, _, room) => {
    const { use } = emitter.unit;
    const image = isPiece(value, 'wideNumeric');
    if (isScaled(value)) {
      emitter.emit(`if(By.length-y<${room + SCALED_BYTES})By=${use('wireOutputRoom')}(Ou,y,${room + SCALED_BYTES});`);
      emitter.emit(`y=${use('wirePutScaled')}(By,y,${value.code},${value.scale});`);
    } else if (image !== null) emitPiece(emitter, image, 'wirePutWideDigits', room);
    else emitter.emit(`y=${use('wirePutString')}(Ou,y,${valueCode(emitter, value)},${room});By=Ou.bytes;`);
  },
};

const numericBinary: Encoder = {
  room: 0,
  emit: (emitter, value, _, room) => {
    const { use } = emitter.unit;
    if (isScaled(value)) emitter.emit(`y=${use('wirePutScaledBinary')}(Ou,y,${value.code},${value.scale},${room});By=Ou.bytes;`);
    else emitter.emit(`y=${use('wirePutNumericText')}(Ou,y,${valueCode(emitter, value)},${room});By=Ou.bytes;`);
  },
};

const uuid = (put: string, copies: boolean, room: number): Encoder => ({
  room,
  emit: (emitter, value) => {
    const image = isPiece(value, 'uuid');
    const { use } = emitter.unit;
    if (image === null) emitter.emit(`y=${use(put)}(By,y,${valueCode(emitter, value)});`);
    else if (copies) emitter.emit(`for(let j=0;j<16;j++)By[y++]=u8[${image.row}+${image.column.at}+j];`);
    else emitter.emit(`y=${use('wirePutUuidBytes')}(By,y,u8,${image.row}+${image.column.at});`);
  },
});

const timestamptzText: Encoder = {
  room: TEXT_BYTES.timestamptz as number,
  emit: (emitter, value, { zone }) => {
    const { use, constant } = { use: emitter.unit.use, constant: emitter.unit.constant(zone, 'the time zone') };
    const image = isPiece(value, 'timestamptz');
    if (image !== null) emitter.emit(`y=${use('wirePutTimestamptzWords')}(By,y,${wordsOf(image)},${constant});`);
    else emitter.emit(`y=${use('wirePutTimestamptz')}(By,y,${valueCode(emitter, value)},${constant});`);
  },
};

const throughText: Encoder = {
  room: 0,
  emit: (emitter, value, _, room) => {
    const { use } = emitter.unit;
    const type = emitter.unit.constant(value.type.name, 'a type that goes through its text');
    emitter.emit(`y=${use('wirePutOutputText')}(Ou,y,${type},${valueCode(emitter, value)},c.context,${room});By=Ou.bytes;`);
  },
};

/** An array in binary form. */
const arrayBinary: Encoder = {
  room: 0,
  emit: (emitter, value, _, room) => {
    const { use } = emitter.unit;
    const bytes = `${use('wireArrayOf')}(${valueCode(emitter, value)},c.context)`;
    emitter.emit(`y=${use('wirePutBytesOf')}(Ou,y,${bytes},${room});By=Ou.bytes;`);
  },
};

type Words = readonly [kind: string, put: string];

const fixedText = (type: keyof typeof TEXT_BYTES, put: string, code: CodeOf = numberCode, words: Words | null = null): Encoder =>
  plain(TEXT_BYTES[type] as number, put, code, words);
const fixedBinary = (
  type: keyof typeof BINARY_BYTES,
  put: string,
  code: CodeOf = numberCode,
  words: Words | null = null,
): Encoder => plain(BINARY_BYTES[type] as number, put, code, words);

const TEXT: { readonly [type: string]: Encoder } = {
  bool: fixedText('bool', 'wirePutFlag', flagCode),
  int2: fixedText('int2', 'wirePutInt'),
  int4: fixedText('int4', 'wirePutInt'),
  int8: fixedText('int8', 'wirePutLongText', numberCode, ['int64', 'wirePutLongDigits']),
  oid: fixedText('oid', 'wirePutLongText'),
  float4: fixedText('float4', 'wirePutFloat4'),
  float8: fixedText('float8', 'wirePutFloat8'),
  numeric: numericText,
  text,
  varchar: text,
  char: text,
  name: text,
  json: text,
  jsonb: text,
  bytea: byteaText,
  date: fixedText('date', 'wirePutDate', dateWordCode),
  time: fixedText('time', 'wirePutTime'),
  timestamp: fixedText('timestamp', 'wirePutTimestamp', valueCode, ['timestamp', 'wirePutTimestampWords']),
  timestamptz: timestamptzText,
  uuid: uuid('wirePutAscii', false, TEXT_BYTES.uuid as number),
};

const BINARY: { readonly [type: string]: Encoder } = {
  bool: fixedBinary('bool', 'wirePutByte', flagCode),
  int2: fixedBinary('int2', 'wirePutHalf'),
  int4: fixedBinary('int4', 'wirePutWord'),
  int8: fixedBinary('int8', 'wirePutLong', numberCode, ['int64', 'wirePutLongWords']),
  oid: fixedBinary('oid', 'wirePutWord'),
  float4: fixedBinary('float4', 'wirePutSingle'),
  float8: fixedBinary('float8', 'wirePutDouble'),
  numeric: numericBinary,
  text,
  varchar: text,
  char: text,
  name: text,
  json: text,
  jsonb: jsonbBinary,
  bytea: byteaBinary,
  date: fixedBinary('date', 'wirePutDay', valueCode),
  time: fixedBinary('time', 'wirePutLong'),
  timestamp: fixedBinary('timestamp', 'wirePutInstant', valueCode),
  timestamptz: fixedBinary('timestamptz', 'wirePutInstant', valueCode),
  interval: fixedBinary('interval', 'wirePutIntervalBytes', valueCode),
  uuid: uuid('wirePutUuidText', true, 16),
};

/** What a setting wants otherwise than the encoders have it. */
const isOtherwise = (type: string, { isIso, isHex }: BytesFormat): boolean =>
  (!isIso && (type === 'date' || type === 'timestamp' || type === 'timestamptz')) || (!isHex && type === 'bytea');

/** The encoder of a type in a form: what has none is sent as its text. */
export function encoderOf({ name }: SqlType, form: ValueForm, bytes: BytesFormat): Encoder {
  if (form === 'binary' && elementOf(name) !== null) return arrayBinary;
  if (form === 'binary') return BINARY[isObjectNumber(name) ? 'oid' : name] ?? throughText;
  return isOtherwise(name, bytes) ? throughText : (TEXT[name] ?? throughText);
}
