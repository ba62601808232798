/** Primitives of text, bytes, uuids, and those that ask the session (engine/sblr/primitives-text.ts). */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { nodeCrypto } from '../../shm/node-modules.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import * as bytes from './bytes.ts';
import { trimBlanks } from './compare.ts';
import type { ValueContext } from './context.ts';
import { tooLarge } from './errors.ts';
import type { Implementation } from './functions.ts';
import type { Int8 } from './integers.ts';
import { like, likeBytes, likeEscape } from './like.ts';
import * as text from './text.ts';
import { isNormalized, normalize, unistr } from './unicode.ts';

const BLANK = ' ';
const ilike = (value: string, pattern: string): boolean => like(text.lower(value), text.lower(pattern));
const concatAll = (given: readonly (string | null)[], separator: string): string =>
  given.filter((value) => value !== null).join(separator);

function concatChecked(a: string, b: string): string {
  if (a.length + b.length > 536870000) throw tooLarge();
  return a + b;
}

const table: { [primitive: string]: Implementation } = {
  'text.like': like,
  'text.notLike': (value: string, pattern: string) => !like(value, pattern),
  'text.ilike': ilike,
  'text.notIlike': (value: string, pattern: string) => !ilike(value, pattern),
  'char.like': like,
  'char.notLike': (value: string, pattern: string) => !like(value, pattern),
  'char.ilike': ilike,
  'char.notIlike': (value: string, pattern: string) => !ilike(value, pattern),
  'bytea.like': likeBytes,
  'bytea.notLike': (value: Uint8Array, pattern: Uint8Array) => !likeBytes(value, pattern),
  'text.likeEscape': likeEscape,
  'text.concat': concatChecked,
  'text.concat.nullIsEmpty': (...given: (string | null)[]) => concatAll(given, ''),
  'text.concat.separator': (separator: string | null, ...given: (string | null)[]) =>
    separator === null ? null : concatAll(given, separator),
  'text.length': text.lengthOf,
  'char.length': (value: string) => text.lengthOf(trimBlanks(value)),
  'text.octetLength': (value: string) => Buffer.byteLength(value),
  'char.octetLength': (value: string) => Buffer.byteLength(value),
  'text.bitLength': (value: string) => Buffer.byteLength(value) * 8,
  'text.lower': text.lower,
  'text.upper': text.upper,
  'text.initcap': text.initcap,
  'text.casefold': (value: string) => text.lower(value),
  'text.unistr': unistr,
  'text.normalize': (value: string) => normalize(value),
  'text.normalize.form': normalize,
  'text.isNormalized': (value: string) => isNormalized(value),
  'text.isNormalized.form': isNormalized,
  'text.substring.from': text.substringFrom,
  'text.substring': text.substring,
  'text.overlay.from': (value: string, by: string, from: number) => text.overlay(value, by, from, text.lengthOf(by)),
  'text.overlay': text.overlay,
  'text.position': text.position,
  'text.trim': (value: string) => text.trim(value, BLANK),
  'text.trim.characters': text.trim,
  'text.trimStart': (value: string) => text.trimStart(value, BLANK),
  'text.trimStart.characters': text.trimStart,
  'text.trimEnd': (value: string) => text.trimEnd(value, BLANK),
  'text.trimEnd.characters': text.trimEnd,
  'text.padStart': text.padStart,
  'text.padEnd': text.padEnd,
  'text.padStart.blank': (value: string, length: number) => text.padStart(value, length, BLANK),
  'text.padEnd.blank': (value: string, length: number) => text.padEnd(value, length, BLANK),
  'text.replace': text.replaceAll,
  'text.translate': text.translate,
  'text.splitPart': text.splitPart,
  'text.repeat': text.repeat,
  'text.reverse': text.reverse,
  'text.left': text.left,
  'text.right': text.right,
  'text.startsWith': (value: string, prefix: string) => value.startsWith(prefix),
  'text.ascii': (value: string) => value.codePointAt(0) ?? 0,
  'int4.chr': text.chr,
  'text.md5': bytes.md5,
  'text.format': text.format,
  'text.quoteIdent': text.quoteIdent,
  'text.quoteLiteral': text.quoteLiteral,
  'text.quoteNullable': (value: string | null) => (value === null ? 'NULL' : text.quoteLiteral(value)),
  'text.decode': bytes.decode,
  'text.same': (value: string) => value,
  'bytea.encode': bytes.encode,
  'bytea.concat': bytes.concatBytes,
  'bytea.length': (value: Uint8Array) => value.length,
  'bytea.bitLength': (value: Uint8Array) => value.length * 8,
  'bytea.bitCount': bytes.countBits,
  'bytea.substring.from': bytes.substringBytesFrom,
  'bytea.substring': bytes.substringBytes,
  'bytea.overlay.from': (value: Uint8Array, by: Uint8Array, from: number) => bytes.overlayBytes(value, by, from, by.length),
  'bytea.overlay': bytes.overlayBytes,
  'bytea.position': bytes.positionOfBytes,
  'bytea.trim': (value: Uint8Array, set: Uint8Array) => bytes.trimBytes(value, set, true, true),
  'bytea.trimStart': (value: Uint8Array, set: Uint8Array) => bytes.trimBytes(value, set, true, false),
  'bytea.trimEnd': (value: Uint8Array, set: Uint8Array) => bytes.trimBytes(value, set, false, true),
  'bytea.getByte': bytes.getByte,
  'bytea.setByte': bytes.setByte,
  'bytea.getBit': bytes.getBit,
  'bytea.setBit': bytes.setBit,
  'bytea.reverse': (value: Uint8Array) => new Uint8Array(value).reverse(),
  'bytea.md5': bytes.md5,
  'bytea.sha224': bytes.sha(224),
  'bytea.sha256': bytes.sha(256),
  'bytea.sha384': bytes.sha(384),
  'bytea.sha512': bytes.sha(512),
  'bytea.crc32': bytes.crc,
  'bytea.crc32c': bytes.crc32c,
  'text.toUtf8': (value: string, encoding: string) => {
    bytes.checkEncoding(encoding, 'invalid destination encoding name');
    return new Uint8Array(Buffer.from(value));
  },
  'bytea.fromUtf8': (value: Uint8Array, encoding: string) => {
    bytes.checkEncoding(encoding, 'invalid source encoding name');
    return bytes.decodeUtf8(value);
  },
};

// ---- uuids ----

const hex = (data: Uint8Array): string => bytes.bufferOf(data).toString('hex');
const dashed = (digits: string): string =>
  `${digits.slice(0, 8)}-${digits.slice(8, 12)}-${digits.slice(12, 16)}-${digits.slice(16, 20)}-${digits.slice(20)}`;

/** Reads a uuid: 32 hexadecimal digits, a '-' behind any group of four, braces around. */
export function parseUuid(given: string): string {
  let digits = given;
  if (digits.startsWith('{') && digits.endsWith('}')) digits = digits.slice(1, -1);
  if (!/^(?:[\da-f]{4}-?){7}[\da-f]{4}$/i.test(digits)) {
    throw new SqlError(SQLSTATE.invalid_text_representation, `invalid input syntax for type uuid: "${given}"`);
  }
  return dashed(digits.replaceAll('-', '').toLowerCase());
}

let lastTick = 0;
/** Version 7: milliseconds, 12 bits of their fraction, and chance; never less than the one before in this thread. */
function uuidV7(context: ValueContext): string {
  const tick = Math.max(Math.floor(context.clock() * 4.096), lastTick + 1);
  lastTick = tick;
  const data = new Uint8Array(16);
  nodeCrypto().randomFillSync(data, 8);
  const milliseconds = Math.floor(tick / 4096);
  const fraction = tick % 4096;
  for (let byte = 0; byte < 6; byte++) data[byte] = Math.floor(milliseconds / 256 ** (5 - byte)) % 256;
  data[6] = 0x70 | (fraction >> 8);
  data[7] = fraction & 255;
  data[8] = (data[8] & 0x3f) | 0x80;
  return dashed(hex(data));
}
const isStandard = (uuid: string): boolean => /^[89ab]/.test(uuid[19]);
function uuidTimestamp(uuid: string): number | bigint | null {
  if (!isStandard(uuid)) return null;
  const digits = uuid.replaceAll('-', '');
  if (uuid[14] === '7') return Number.parseInt(digits.slice(0, 12), 16) * 1000;
  if (uuid[14] !== '1') return null;
  const ticks = BigInt(`0x${digits.slice(13, 16)}${digits.slice(8, 12)}${digits.slice(0, 8)}`);
  return Number(ticks / 10n - 12219292800000000n);
}

// ---- the session ----

const setting = (name: string, context: ValueContext): string => {
  const value = context.setting(name);
  if (value === null) throw new SqlError(SQLSTATE.undefined_object, `unrecognized configuration parameter "${name}"`);
  return value;
};

function setSequence(sequence: number, value: Int8, called: boolean, context: ValueContext): Int8 {
  context.setValue(sequence, value, called);
  return value;
}

Object.assign(table, {
  'uuid.random': () => nodeCrypto().randomUUID(),
  'uuid.version7': uuidV7,
  'uuid.extractVersion': (uuid: string) => (isStandard(uuid) ? Number.parseInt(uuid[14], 16) : null),
  'uuid.extractTimestamp': uuidTimestamp,
  'sequence.next': (name: string, context: ValueContext) => context.nextValue(context.sequenceByName(name)),
  'sequence.next.oid': (sequence: number, context: ValueContext) => context.nextValue(sequence),
  'sequence.current': (name: string, context: ValueContext) => context.currentValue(context.sequenceByName(name)),
  'sequence.current.oid': (sequence: number, context: ValueContext) => context.currentValue(sequence),
  'sequence.set': (name: string, value: Int8, context: ValueContext) =>
    setSequence(context.sequenceByName(name), value, true, context),
  'sequence.set.oid': (sequence: number, value: Int8, context: ValueContext) => setSequence(sequence, value, true, context),
  'sequence.set.called': (name: string, value: Int8, called: boolean, context: ValueContext) =>
    setSequence(context.sequenceByName(name), value, called, context),
  'sequence.set.called.oid': (sequence: number, value: Int8, called: boolean, context: ValueContext) =>
    setSequence(sequence, value, called, context),
  'sequence.last': (context: ValueContext) => context.lastValue(),
  'session.user': (context: ValueContext) => context.sessionUser,
  'session.currentUser': (context: ValueContext) => context.user,
  'session.database': (context: ValueContext) => context.database,
  'session.schema': (context: ValueContext) => (context.schema === '' ? null : context.schema),
  'session.setting': setting,
  'session.setting.missing': (name: string, missing: boolean, context: ValueContext): RowValue =>
    missing ? context.setting(name) : setting(name, context),
  'session.setSetting': (name: string | null, value: string | null, local: boolean | null, context: ValueContext): string => {
    if (name === null) throw new SqlError(SQLSTATE.null_value_not_allowed, 'SET requires parameter name');
    return context.setSetting(name, value, local === true);
  },
  'session.version': () => 'PostgreSQL 18.0 (ScratchBird)',
  'session.encoding': () => 'UTF8',
  'session.processId': (context: ValueContext): number => context.processId ?? process.pid,
  'session.notify': (channel: string | null, payload: string | null, context: ValueContext): string => {
    context.notify?.(channel ?? '', payload ?? '');
    return '';
  },
});

export const textFunctions: { readonly [primitive: string]: Implementation } = table;
