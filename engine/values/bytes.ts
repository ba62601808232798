/** bytea: its text forms (hex and escape), encodings, digests and functions. */

import { crc32 } from 'node:zlib';
import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { nodeCrypto } from '../../shm/node-modules.ts';
import { badParameter } from './errors.ts';
import { int4Of } from './integers.ts';

export const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
/** Own bytes: what Buffer gives may be part of a pool. */
const own = (buffer: Buffer): Uint8Array => new Uint8Array(buffer);

export const bytesText = (bytes: Uint8Array): string => '\\x' + bufferOf(bytes).toString('hex');

/** Reads the hex form (\x...) or the escape form. 22P02. */
export function parseBytes(text: string): Uint8Array {
  if (text.startsWith('\\x')) return decodeHex(text.slice(2));
  return decodeEscape(text);
}

export function decodeHex(text: string): Uint8Array {
  const digits = text.replace(/[ \t\n\r]+/g, (blanks, at: number) => (at % 2 === 0 || /[^\da-f]/i.test(text) ? '' : blanks));
  const bad = /[^\da-fA-F]/.exec(digits);
  if (bad !== null) throw badParameter(`invalid hexadecimal digit: "${bad[0]}"`);
  if (digits.length % 2 !== 0) throw badParameter('invalid hexadecimal data: odd number of digits');
  return own(Buffer.from(digits, 'hex'));
}

function decodeEscape(text: string): Uint8Array {
  const parts = Buffer.from(text);
  const bytes: number[] = [];
  for (let at = 0; at < parts.length; at++) {
    if (parts[at] !== 92) bytes.push(parts[at]);
    else if (parts[at + 1] === 92) bytes.push(parts[++at]);
    else {
      const octal = parts.subarray(at + 1, at + 4).toString('latin1');
      if (!/^[0-3][0-7]{2}$/.test(octal)) {
        throw new SqlError(SQLSTATE.invalid_text_representation, 'invalid input syntax for type bytea');
      }
      bytes.push(Number.parseInt(octal, 8));
      at += 3;
    }
  }
  return Uint8Array.from(bytes);
}
function encodeEscape(bytes: Uint8Array): string {
  let result = '';
  for (const byte of bytes) {
    if (byte === 92) result += '\\\\';
    else if (byte === 0 || byte >= 128) result += '\\' + byte.toString(8).padStart(3, '0');
    else result += String.fromCharCode(byte);
  }
  return result;
}

const noEncoding = (name: string): SqlError => badParameter(`unrecognized encoding: "${name}"`);

export function encode(bytes: Uint8Array, encoding: string): string {
  switch (encoding.toLowerCase()) {
    case 'hex':
      return bufferOf(bytes).toString('hex');
    case 'escape':
      return encodeEscape(bytes);
    case 'base64':
      return bufferOf(bytes)
        .toString('base64')
        .replace(/(.{76})(?=.)/g, '$1\n');
    default:
      throw noEncoding(encoding);
  }
}
export function decode(text: string, encoding: string): Uint8Array {
  switch (encoding.toLowerCase()) {
    case 'hex':
      return decodeHex(text);
    case 'escape':
      return decodeEscape(text);
    case 'base64':
      return decodeBase64(text);
    default:
      throw noEncoding(encoding);
  }
}
function decodeBase64(text: string): Uint8Array {
  const plain = text.replace(/[ \t\n\r]/g, '');
  const bad = /[^A-Za-z\d+/=]/u.exec(plain);
  if (bad !== null) throw badParameter(`invalid symbol "${bad[0]}" found while decoding base64 sequence`);
  if (!/^[^=]*={0,2}$/.test(plain)) throw badParameter('unexpected "=" while decoding base64 sequence');
  if (plain.length % 4 !== 0)
    throw badParameter('invalid base64 end sequence', 'Input data is missing padding, is truncated, or is otherwise corrupted.');
  return own(Buffer.from(plain, 'base64'));
}

export const concatBytes = (a: Uint8Array, b: Uint8Array): Uint8Array => {
  const result = new Uint8Array(a.length + b.length);
  result.set(a);
  result.set(b, a.length);
  return result;
};
export function substringBytes(bytes: Uint8Array, from: number, count: number): Uint8Array {
  if (count < 0) throw new SqlError(SQLSTATE.substring_error, 'negative substring length not allowed');
  const start = Math.max(from, 1) - 1;
  return bytes.slice(start, Math.max(from + count - 1, start));
}
export const substringBytesFrom = (bytes: Uint8Array, from: number): Uint8Array => bytes.slice(Math.max(from, 1) - 1);
export function overlayBytes(bytes: Uint8Array, by: Uint8Array, from: number, count: number): Uint8Array {
  if (from <= 0) throw new SqlError(SQLSTATE.substring_error, 'negative substring length not allowed');
  return concatBytes(concatBytes(substringBytes(bytes, 1, from - 1), by), substringBytesFrom(bytes, int4Of(from + count)));
}
export const positionOfBytes = (bytes: Uint8Array, wanted: Uint8Array): number => bufferOf(bytes).indexOf(wanted) + 1;

export function trimBytes(bytes: Uint8Array, set: Uint8Array, atStart: boolean, atEnd: boolean): Uint8Array {
  let start = 0;
  let end = bytes.length;
  if (atStart) while (start < end && set.includes(bytes[start])) start++;
  if (atEnd) while (end > start && set.includes(bytes[end - 1])) end--;
  return bytes.slice(start, end);
}

function checkIndex(index: number | bigint, length: number): number {
  if (index < 0 || index >= length) {
    throw new SqlError(SQLSTATE.array_subscript_error, `index ${index} out of valid range, 0..${length - 1}`);
  }
  return Number(index);
}
export const getByte = (bytes: Uint8Array, index: number): number => bytes[checkIndex(index, bytes.length)];
export function setByte(bytes: Uint8Array, index: number, value: number): Uint8Array {
  const result = new Uint8Array(bytes);
  result[checkIndex(index, bytes.length)] = value;
  return result;
}
export function getBit(bytes: Uint8Array, index: number | bigint): number {
  const bit = checkIndex(index, bytes.length * 8);
  return (bytes[bit >> 3] >> (bit & 7)) & 1;
}
export function setBit(bytes: Uint8Array, index: number | bigint, value: number): Uint8Array {
  const bit = checkIndex(index, bytes.length * 8);
  if (value !== 0 && value !== 1) throw badParameter('new bit must be 0 or 1');
  const result = new Uint8Array(bytes);
  const mask = 1 << (bit & 7);
  result[bit >> 3] = value === 1 ? result[bit >> 3] | mask : result[bit >> 3] & ~mask;
  return result;
}
export function countBits(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) for (let rest = byte; rest > 0; rest &= rest - 1) count++;
  return count;
}

export const md5 = (data: string | Uint8Array): string => nodeCrypto().createHash('md5').update(data).digest('hex');
export const sha =
  (bits: 224 | 256 | 384 | 512) =>
  (bytes: Uint8Array): Uint8Array =>
    own(nodeCrypto().createHash(`sha${bits}`).update(bytes).digest());
export const crc = (bytes: Uint8Array): number => crc32(bytes);

const CASTAGNOLI = Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value >>> 0;
});
export function crc32c(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = CASTAGNOLI[(value ^ byte) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** Text of UTF-8 bytes. 22021 where they are none. */
export function decodeUtf8(bytes: Uint8Array): string {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch (cause) {
    throw new SqlError(SQLSTATE.character_not_in_repertoire, 'invalid byte sequence for encoding "UTF8"', { cause });
  }
  if (text.includes('\0'))
    throw new SqlError(SQLSTATE.character_not_in_repertoire, 'invalid byte sequence for encoding "UTF8": 0x00');
  return text;
}
export function checkEncoding(name: string, message: string): void {
  if (!/^utf-?_?8$/i.test(name)) throw badParameter(`${message} "${name}"`);
}
